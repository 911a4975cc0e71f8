"""Digests, signatures and the wallet."""

from collections.abc import Sequence
from typing import Protocol

from node_api.domain.ids import Address, Hash
from node_api.domain.items import Item, OpenCode, TerminalSeal


class Signatures(Protocol):
    """Digests of what is signed for this chain and contract, and who signed them. Thread-safe."""

    def digest(self, item: Item) -> Hash:
        """What the item's holder signs; of an open code without its merchant, bill and receipt."""
        ...

    def open_digest(self, code: OpenCode) -> Hash:
        """What the holder of an open code signs."""
        ...

    def are_signed_by(self, asked: Sequence[tuple[Address, Hash, bytes]]) -> list[bool]:
        """Whether the key, or the contract at that address, signed the digest by the signature: as the contract would find.

        Returns: one answer for each, in their order.

        Raises:
            ChainUnavailable: a contract's answer was needed and the chain gives none.
        """
        ...

    def consenting(self, digest: Hash, consent: bytes) -> Address | None:
        """Who signed `Consent` to the redemption or booking; None where the signature is nobody's."""
        ...

    def is_sealed(self, item: Item, seal: TerminalSeal) -> bool:
        """Whether the terminal signed `TerminalBatch` over this item alone."""
        ...

    def document(self, item: Item) -> dict[str, object]:
        """The EIP-712 document of an item, as JSON."""
        ...

    def open_document(self, code: OpenCode) -> dict[str, object]:
        """The EIP-712 document of an open code, as JSON."""
        ...

    def keccak(self, content: bytes) -> Hash:
        """keccak-256."""
        ...


class Wallet(Protocol):
    """Keys of custodial holders, one for each person and programme."""

    def address(self, programme_ref: str, person: str) -> Address:
        """The person's holder address in the programme."""
        ...

    def sign(self, programme_ref: str, person: str, digest: bytes) -> bytes:
        """The holder's signature of a digest: it spends the holder's vouchers."""
        ...
