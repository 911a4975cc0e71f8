"""What bookings need beside the record: digests, and a way to the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from node_api.domain.ids import Hash
from node_api.domain.operations import SentCall
from node_api.domain.reservations import BookingVerdict, Capture, Release, Reservation
from node_api.services.ports.relaying import CallOutcome
from node_api.services.ports.signing import Signatures


class BookingSignatures(Signatures, Protocol):
    """Digests of what is signed about bookings."""

    def booking_digest(self, reservation: Reservation) -> Hash:
        """What the holder signs; it names the booking."""
        ...

    def release_digest(self, release: Release) -> Hash:
        """What the merchant or the holder signs to give vouchers free."""
        ...


class BookingRelay(Protocol):
    """`book` calls of the relayer. Raises as `Relay`."""

    def size(self, reservation: Reservation) -> int:
        """Bytes of call data that a reservation takes at most."""
        ...

    def sign(self, reservations: Sequence[Reservation]) -> SentCall:
        """Signs the next call; nothing is sent. Its nonce is the chain's next."""
        ...

    def is_own(self, call: SentCall) -> bool:
        """Whether the signed bytes are a `book` call."""
        ...

    def outcome(
        self, call: SentCall, reservations: Sequence[Reservation], seconds: float
    ) -> CallOutcome[BookingVerdict] | None:
        """What became of a call; None where it is in no block after so many seconds."""
        ...


class BookingDesk(Protocol):
    """Sends what merchants and holders signed. Thread-safe.

    Every method returns once the transaction stands in a block.

    Raises:
        BookingRefused: the contract says no; nothing happened.
        ChainUnavailable: the chain does not answer.
    """

    def capture(self, capture: Capture) -> None:
        """Redeems what was served of a booking."""
        ...

    def release(self, release: Release) -> None:
        """Gives vouchers of a booking free; without a signature, one that has lapsed."""
        ...
