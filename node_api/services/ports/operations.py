"""Where operations, the outbox, the refusal log and API keys are kept."""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from node_api.domain.access import ApiKey
from node_api.domain.ids import Address, Hash, MerchantId, ProgrammeId
from node_api.domain.item_words import ItemWords
from node_api.domain.items import TerminalSeal
from node_api.domain.models import BlockRef
from node_api.domain.operations import Operation, Place, SentCall, Verdict, WorkItem


class QueuedItem(NamedTuple):
    """An item waiting to be sent: where it belongs, and who answers for it."""

    operation: str
    position: int
    item: ItemWords
    seal: TerminalSeal | None = None


Claim = tuple[ProgrammeId, MerchantId, Hash]
"""On a receipt at a merchant in a programme."""


class Held(Enum):
    """Who holds a claim that was asked for."""

    ITSELF = "the capture"
    BOOKING = "another capture of the booking"
    OTHERS = "a redemption, or another booking"


class OperationStore(Protocol):
    """Keeps operations for ever. Thread-safe; every method is one transaction."""

    def find(self, asked: Sequence[tuple[str, str]]) -> list[Operation | None]:
        """For each owner and key, the operation that the owner asked for under the key."""
        ...

    def get(self, operations: Sequence[str]) -> list[Operation | None]:
        """For each id, the operation."""
        ...

    def add(self, operations: Sequence[Operation]) -> list[Operation]:
        """Keeps new operations with their claims on receipts and their lines in the refusal log, in their order.

        An item whose receipt is claimed at its merchant and programme already is kept as refused (ReceiptUsed).

        Returns: what is kept for each; another operation where the same owner used the same key before.
        """
        ...

    def queued(self, limit: int) -> list[QueuedItem]:
        """Items that wait to be sent, the oldest first. Items of one operation keep their order."""
        ...

    def is_queued(self, count: int) -> bool:
        """Whether so many items wait to be sent; takes far less than to read them."""
        ...

    def claimed(self, wanted: Collection[Claim]) -> set[Claim]:
        """Those of the claims that are held: by redemptions that were not refused, or by captures."""
        ...

    def claim(self, wanted: Claim, booking: Hash, capture: int) -> Held:
        """Has a capture of a booking hold the claim; whoever holds it already goes on to.

        Args:
            wanted: the claim.
            booking: digest of the booking.
            capture: which of the booking's captures, below 2**31.
        """
        ...

    def give_up(self, held: Claim, booking: Hash, capture: int) -> None:
        """Gives free what a capture holds; nothing where it does not."""
        ...


class OutboxStore(Protocol):
    """Keeps signed calls. Thread-safe; every method is one transaction."""

    def sending(self, call: SentCall, places: Sequence[Place]) -> bool:
        """Keeps the signed bytes before they are sent, and marks their items as sent; False, and nothing is kept, where another
        process was quicker with one of them.
        """
        ...

    def unresolved(self, sender: Address) -> list[SentCall]:
        """The account's calls whose outcome is not known, by ascending nonce."""
        ...

    def left(self, sender: Address, seconds: float) -> list[SentCall]:
        """Calls of all other accounts whose outcome is not known, signed longer ago than that: by account and ascending nonce."""
        ...

    def confirmed_from(self, sender: Address, nonce: int) -> list[SentCall]:
        """The account's resolved calls with this nonce or a higher one, ascending: what a chain that went back has lost."""
        ...

    def lost(self, sender: Address, last: int) -> list[SentCall]:
        """The account's calls with this nonce, or one of the hundred up to it, resolved in a block that the index does not have;
        ascending.
        """
        ...

    def last_nonce(self, sender: Address) -> int | None:
        """The account's highest nonce that was resolved."""
        ...

    def carried(self, call: Hash) -> list[tuple[Place, WorkItem]]:
        """What a call carries, in the order of the call."""
        ...

    def resolve(self, call: Hash, block: BlockRef, verdicts: Sequence[tuple[Place, Verdict]]) -> list[str]:
        """Writes down what became of a call's items; otherwise than before where the chain went back and decided so.

        Returns: the operations that are final now.
        """
        ...

    def fail(self, call: Hash, block: BlockRef, fault: str) -> list[str]:
        """Writes down that the chain refused a whole call, as `resolve`. Returns the operations that are final now."""
        ...

    def abandon(self, call: Hash) -> None:
        """Gives up signed bytes that can never take effect; their items wait to be sent again.

        That holds for a redemption which a chain that went back has lost, too; what was refused before, stays refused: the till
        was told, and its receipt may be another's.
        """
        ...


class ApiKeyStore(Protocol):
    """Keeps API keys by their hash. Thread-safe."""

    def add(self, key: ApiKey, digest: bytes) -> None:
        """Keeps a key under the SHA-256 of its token."""
        ...

    def find(self, digests: Sequence[bytes]) -> list[ApiKey | None]:
        """For each hash the key, revoked or not."""
        ...

    def all(self) -> list[ApiKey]:
        """Every key, the oldest first."""
        ...

    def revoke(self, key: str, at: int) -> ApiKey | None:
        """Marks a key as revoked, once; None where there is none of this id."""
        ...
