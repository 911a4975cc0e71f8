"""Carrying what others signed to the contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from node_api.domain.claims import Claim, ClaimVerdict
from node_api.domain.finality import Finality
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.item_words import ItemGroup
from node_api.domain.models import BlockRef
from node_api.domain.operations import SentCall, Verdict

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CallOutcome(Generic[V]):
    """What became of a call.

    Attributes:
        block: where it stands.
        verdicts: one for each thing it carried, in the order of the call; None where the chain refused the whole call.
        fault: why it did.
    """

    block: BlockRef
    verdicts: tuple[V, ...] | None
    fault: str = ""


class NonceLost(Exception):
    """Another transaction of the relayer has the nonce: these bytes can never take effect."""


class CallNotTaken(Exception):
    """The chain answers, and does not take the bytes: too many, too much gas, or for reasons of its own."""


class Carrier(Protocol):
    """Brings to the chain what is queued. Thread-safe."""

    def wake(self) -> None:
        """Says that something was queued."""
        ...

    def depth(self, transaction: Hash) -> Finality | None:
        """How far a call in flight has come; None where it is in no block."""
        ...


class Relay(Protocol):
    """The relayer's account. Used by one thread.

    Every method raises ChainUnavailable where the chain does not answer; then nothing is known, and the call is made again.
    """

    @property
    def sender(self) -> Address:
        """The relayer's account: its nonces are counted apart from those of an account before it."""
        ...

    def depth(self, transaction: Hash) -> Finality | None:
        """How far a call in flight has come, as of the last look; None where it was in no block. From any thread."""
        ...

    @property
    def height(self) -> int | None:
        """The chain's, as of the last look; None where blocks are final at once, and calls make them."""
        ...

    @property
    def made_at(self) -> UnixSeconds:
        """Time of the block at that height, by itself; 0 where there is none."""
        ...

    def gas_of(self, call: SentCall) -> int:
        """Gas that the call will take, about: as much for its length as the last ones took."""
        ...

    def next_nonce(self) -> int:
        """The relayer's next nonce by the newest block."""
        ...

    def number(self, nonce: int | None) -> None:
        """Has the next call that is signed take this nonce: one behind those in flight, which the chain does not count yet.

        None: it is the chain's next.
        """
        ...

    def is_told(self, call: SentCall) -> bool:
        """Whether whoever follows the chain was told of the call: to look for it asks the chain nothing."""
        ...

    def look(self, calls: Sequence[SentCall]) -> int:
        """How many of the first of these stand in final blocks, asked together; their outcomes are known from then on."""
        ...

    def send(self, call: SentCall) -> None:
        """Sends the signed bytes; bytes the chain has already are no fault.

        Raises:
            NonceLost: they can never take effect.
            CallNotTaken: not now.
        """
        ...

    def restore(self, call: SentCall, block_time: UnixSeconds) -> None:
        """Sends bytes that a chain which went back has lost, into a block of the time they had, where its clock can be moved.

        Raises: as `send`.
        """
        ...

    def fill(self, nonce: int) -> None:
        """Has a transaction that does nothing take a nonce of the account, so that those behind it are carried out.

        Where the nonce is taken already, that is no fault. It is kept nowhere: what is lost of it is filled again.

        Raises:
            CallNotTaken: nor does the chain take that.
        """
        ...


class RedemptionRelay(Protocol):
    """`redeem` calls of the relayer, with the consents that its items bring. Raises as `Relay`."""

    def sign(self, groups: Sequence[ItemGroup]) -> SentCall:
        """Signs the next call; nothing is sent. Its nonce: see `Relay.number`."""
        ...

    def outcome(self, call: SentCall, groups: Sequence[ItemGroup], seconds: float) -> CallOutcome[Verdict] | None:
        """What became of a call; None where it is in no block after so many seconds."""
        ...


class ClaimRelay(Protocol):
    """`claim` calls of the relayer. Raises as `Relay`."""

    def size(self, claim: Claim) -> int:
        """Bytes of call data that the claim takes."""
        ...

    def sign(self, claims: Sequence[Claim]) -> SentCall:
        """Signs the next call, for claims of one round and one custody; nothing is sent."""
        ...

    def outcome(self, call: SentCall, claims: Sequence[Claim], seconds: float) -> CallOutcome[ClaimVerdict] | None:
        """What became of a call; None where it is in no block after so many seconds."""
        ...
