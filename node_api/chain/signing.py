"""Digests and signatures for one chain and contract. Implements `Signatures`, `BookingSignatures` and `ClaimSignatures`."""

from collections.abc import Sequence

from eth_abi.abi import encode

from node_api.chain.claim_lists import leaf, root_of
from node_api.chain.documents import open_document, typed_data
from node_api.chain.eip712 import (
    as_hash,
    booking_digest,
    claim_digest,
    consent_digest,
    domain_separator,
    holder_digest,
    open_digest,
    recover,
    recover_raw,
    redemption_digest,
    release_digest,
    terminal_batch_digest,
)
from node_api.chain.hashing import keccak
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import RpcError, RpcUnavailable
from node_api.chain.rpc_values import data, text
from node_api.domain.claims import Claim
from node_api.domain.errors import ChainUnavailable
from node_api.domain.ids import Address, Hash
from node_api.domain.items import Item, OpenCode, TerminalSeal
from node_api.domain.reservations import Release, Reservation

ERC1271_MAGIC = bytes.fromhex("1626ba7e")
_CONTRACT_GAS = 200_000  # 100,000 for the answer, as `Signatures.sol` allows, the rest for getting there


class ChainSignatures:
    """See the port."""

    def __init__(self, rpc: RpcClient, chain_id: int, vouchers: Address) -> None:
        """Asks nothing yet.

        Args:
            rpc: asked only about holders that are contracts.
            chain_id: EIP-155 chain id.
            vouchers: address of `Vouchers`: the verifying contract of everything signed.
        """
        self._rpc = rpc
        self.chain_id = chain_id
        self.vouchers = vouchers
        self._domain = domain_separator(chain_id, vouchers)

    def digest(self, item: Item) -> Hash:
        """See the port."""
        return as_hash(holder_digest(self._domain, item))

    def open_digest(self, code: OpenCode) -> Hash:
        """See the port."""
        return as_hash(open_digest(self._domain, code, code.max_bill))

    def booking_digest(self, reservation: Reservation) -> Hash:
        """See the port."""
        return as_hash(booking_digest(self._domain, reservation))

    def consenting(self, digest: Hash, consent: bytes) -> Address | None:
        """See the port."""
        return recover(consent_digest(self._domain, digest), consent)

    def release_digest(self, release: Release) -> Hash:
        """See the port."""
        return as_hash(release_digest(self._domain, release))

    def are_signed_by(self, asked: Sequence[tuple[Address, Hash, bytes]]) -> list[bool]:
        """See the port.

        One recovery right after the other: with anything between them, what libsecp256k1 looks up has left the processor's
        cache each time, and judging takes a fifth longer.
        """
        contents = [bytes.fromhex(digest[2:]) for _, digest, _ in asked]
        keys = [recover_raw(content, signature) for content, (_, _, signature) in zip(contents, asked, strict=True)]
        return [
            key == bytes.fromhex(signer[2:]) or self._answers(signer, content, signature)
            for key, content, (signer, _, signature) in zip(keys, contents, asked, strict=True)
        ]

    def is_signed_by(self, signer: Address, digest: Hash, signature: bytes) -> bool:
        """See the port `ClaimSignatures`."""
        return self.are_signed_by([(signer, digest, signature)])[0]

    def is_sealed(self, item: Item, seal: TerminalSeal) -> bool:
        """See the port."""
        digest = terminal_batch_digest(self._domain, item.merchant, [redemption_digest(self._domain, item)])
        return self.is_signed_by(seal.terminal, as_hash(digest), seal.signature)

    def claim_digest(self, claim: Claim) -> Hash:
        """See the port `ClaimSignatures`."""
        return as_hash(claim_digest(self._domain, claim))

    def is_listed(self, claim: Claim, root: Hash) -> bool:
        """See the port `ClaimSignatures`."""
        return root_of(leaf(claim.programme, claim.nullifier, claim.salt), claim.proof) == root

    def document(self, item: Item) -> dict[str, object]:
        """See the port."""
        return typed_data(self.chain_id, self.vouchers, item)

    def open_document(self, code: OpenCode) -> dict[str, object]:
        """See the port."""
        return open_document(self.chain_id, self.vouchers, code)

    def keccak(self, content: bytes) -> Hash:
        """See the port."""
        return as_hash(keccak(content))

    def _answers(self, signer: Address, digest: bytes, signature: bytes) -> bool:
        """Whether a contract holder says the signature is good (ERC-1271)."""
        try:
            if text(self._rpc.call("eth_getCode", [signer, "latest"])) == "0x":
                return False
            question = "0x" + (ERC1271_MAGIC + encode(["bytes32", "bytes"], [digest, signature])).hex()
            call = {"to": signer, "data": question, "gas": hex(_CONTRACT_GAS)}
            answer = data(self._rpc.call("eth_call", [dict(call), "latest"]))
        except RpcError:  # it reverted, or ran out of gas: no
            return False
        except RpcUnavailable as error:
            raise ChainUnavailable(str(error)) from error
        return answer[:32] == ERC1271_MAGIC + bytes(28)
