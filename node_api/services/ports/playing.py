"""What a replay needs: someone who signs, a clock, and a till."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds
from node_api.domain.importing.rows import Ref
from node_api.domain.importing.wallets import Wallet
from node_api.domain.items import Item, TerminalSeal
from node_api.domain.models import Redemption
from node_api.domain.receipts import Receipt
from node_api.domain.reservations import Capture, Release, Reservation
from node_api.domain.transfers import TransferOrder
from node_api.services.ports.casework import Statement


@dataclass(frozen=True, slots=True)
class SignedAs:
    """What the signature says. An honest code says what is sent.

    Attributes:
        chain_id: of the domain it is made for; None for the chain at hand.
    """

    merchant: MerchantId
    bill: Amount
    chain_id: int | None


@dataclass(frozen=True, slots=True)
class Play:
    """One code to be played.

    Attributes:
        code: its number in redemptions.csv.
        rows: the numbers of its rows.
        at: block time it is to be redeemed at.
        programme: of its first voucher.
        item: as it is sent; not signed yet.
        signed_as: what is signed instead.
        max_bill: what is signed instead of merchant and bill, for a code that names no merchant.
        consented: whether the node's attestor consents to it.
        signer: whose key signs; None where nobody can, because there is no voucher.
        custodial: whether the node's wallet is asked for the code, as an honest custodial holder would.
        receipt: the receipt in clear.
        terminal: who answers for it at the till, if anybody.
        terminal_signer: who signs for the terminal.
        expected: the refusal to come; None where it is to be accepted.
    """

    code: int
    rows: tuple[int, ...]
    at: UnixSeconds
    programme: Ref
    item: Item
    signed_as: SignedAs
    max_bill: Amount | None
    consented: bool
    signer: Wallet | None
    custodial: bool
    receipt: Receipt
    terminal: Wallet | None
    terminal_signer: Wallet | None
    expected: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a code.

    Attributes:
        reason: name of the refusal; None where it was accepted.
        transaction: that carried it, if any did.
        block: number of its block.
    """

    reason: str | None
    transaction: Hash | None = None
    block: int | None = None


class PlayerKeys(Protocol):
    """Signs as the devices and the wallet would."""

    def receipt_hash(self, receipt: Receipt) -> Hash:
        """The salted hash of a receipt."""
        ...

    def sign(self, play: Play) -> Item:
        """The play's item with its signature, tampered with as the play says, and the attestor's consent if it has one."""
        ...

    def seal(self, play: Play, item: Item) -> TerminalSeal | None:
        """The terminal's word for the signed item, if a terminal answers for it."""
        ...

    def state(
        self, kind: str, programme: Ref, signer: Wallet, done: Redemption, reason: str, deadline: UnixSeconds
    ) -> Statement:
        """What a party says of a redemption, with its signature.

        Args:
            kind: `Reversal` or `Dispute`.
            programme: whose key of a person signs.
            signer: the party.
            done: what it is about.
            reason: in clear; its hash is signed.
            deadline: exclusive.
        """
        ...

    def book(self, programme: Ref, signer: Wallet, wanted: Reservation) -> Reservation:
        """The reservation with its holder's signature."""
        ...

    def pass_on(self, programme: Ref, signer: Wallet, order: TransferOrder) -> TransferOrder:
        """The order with the present holder's signature."""
        ...

    def reason_hash(self, reason: str) -> Hash:
        """The hash that stands on chain for a reason."""
        ...


class Till(Protocol):
    """Redeems codes."""

    def redeem(self, play: Play, attempt: int = 0) -> Outcome:
        """Brings one code to its end. The same play and attempt again, after a kill, is the same redemption."""
        ...


class BookingTill(Protocol):
    """Terminals that send themselves what is about bookings.

    Every method returns once the transaction stands in a block.

    Raises:
        BookingRefused: the contract says no; nothing happened.
        ChainUnavailable: the chain does not answer.
    """

    def book(self, terminal: Wallet, reservation: Reservation) -> None:
        """Books by the holder's signature. What the rules refuse is logged on chain and nothing is booked."""
        ...

    def capture(self, terminal: Wallet, capture: Capture) -> None:
        """Redeems what was served; the terminal sends it, so no signature is needed."""
        ...

    def reason(self, selector: str) -> str:
        """The name of a refusal's reason."""
        ...

    def release(self, terminal: Wallet, release: Release) -> None:
        """Gives vouchers of a booking free."""
        ...


class PlayerClock(Protocol):
    """The chain's clock."""

    def movable(self) -> bool:
        """Whether it can be moved."""
        ...

    def reach(self, timestamp: int) -> bool:
        """Gives the next block this time, which survives a restart of the chain; False where the chain is past it already.

        Only for chains whose clock can be moved.
        """
        ...

    def arrive(self, timestamp: int) -> None:
        """Brings the chain to this time by an empty block, unless it is past it already; survives a restart of the chain.

        First what was `answered` must survive one: a block that a crash takes could not be made again at its own time.
        Only for chains whose clock can be moved.

        Raises:
            ChainUnavailable: a crash took the empty block.
        """
        ...

    def answered(self, transaction: Hash) -> None:
        """Says that somebody was told of this transaction."""
        ...

    def keeps(self, block: int, block_hash: Hash) -> bool:
        """Waits until a block survives a crash of the embedded chain; False where a crash took it.

        Raises: what says that nobody wrote it down for half a minute.
        """
        ...
