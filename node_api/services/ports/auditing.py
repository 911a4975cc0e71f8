"""What an audit needs: the record in more depth than other readers, and the chain itself, asked again."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from node_api.domain.ids import Address, BatchId, Day, Hash, LineId, MerchantId, Place, ProgrammeId, RollId, VoucherId
from node_api.domain.items import Item
from node_api.domain.models import BlockRef, Redemption, TxRef, VoucherState
from node_api.domain.reconciliation import BatchState, LineTerms, PairState, TokenState
from node_api.domain.relayers import Relayer
from node_api.domain.tracing import Marks
from node_api.domain.trail import (
    BatchCounts,
    Commitment,
    Consent,
    Deposit,
    LineSums,
    MerchantDay,
    Payment,
    Rest,
    RoleStep,
    Step,
    Sweep,
)
from node_api.services.ports.life import LifeReader
from node_api.services.ports.money import MerchantLifeReader, MoneyReader
from node_api.services.ports.reading import Reader

T = TypeVar("T")


class StateGone(Exception):
    """The chain no longer keeps the state of that block; only its events are left. Ask a node that keeps all states."""


class AuditReader(Reader, LifeReader, MoneyReader, MerchantLifeReader, Protocol):
    """The record with everything an auditor asks, as of one block."""

    def remembered(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made anew only where nobody asked for `key` as of this block before; not to be changed."""
        ...

    def marks(self, voucher: VoucherId) -> Marks:
        """What may have befallen a voucher: the rest need not be asked for."""
        ...

    def programme_steps(self, programme: ProgrammeId) -> list[Step]:
        """A programme's steps in the order of the chain."""
        ...

    def merchant_steps(self, merchant: MerchantId) -> list[Step]:
        """A merchant's steps in the order of the chain."""
        ...

    def accounts_of(self, merchant: MerchantId) -> list[tuple[Address, str]]:
        """The accounts that are the merchant's, each with `key` or `terminal`."""
        ...

    def role_steps(self, account: Address | None = None) -> list[RoleStep]:
        """Roles given and taken, in the order of the chain."""
        ...

    def relayers(self) -> list[Relayer]:
        """Accounts that were ever given the role OPERATOR or listed, in the order of the chain."""
        ...

    def batch_opened(self, batch: BatchId) -> TxRef | None:
        """Where a batch was opened."""
        ...

    def roll_written(self, roll: RollId) -> TxRef | None:
        """Where a roll was written."""
        ...

    def pairs(self, programme: ProgrammeId | None = None) -> list[tuple[BatchId, RollId, int, int]]:
        """Every issued pair with the number of its vouchers and of those swept, by batch and roll; a voucher reversed after
        the sweep is swept, too.
        """
        ...

    def sweep_of(self, batch: BatchId, roll: RollId) -> Sweep | None:
        """The sweep of a pair."""
        ...

    def payments_of_day(self, line: LineId, merchant: MerchantId, day: Day) -> list[Payment]:
        """The payments of a merchant's day under a line, in the order of the chain."""
        ...

    def payment_of(self, line: LineId, merchant: MerchantId, day: Day) -> Payment | None:
        """The payment that settled a merchant's day."""
        ...

    def deposits(self, line: LineId) -> list[Deposit]:
        """A line's deposits in the order of the chain."""
        ...

    def rests(self, line: LineId) -> list[Rest]:
        """What a line gave back, in the order of the chain."""
        ...

    def tokens(self) -> list[Address]:
        """Settlement tokens that were ever allowed."""
        ...

    def consents(self, digest: Hash) -> list[Consent]:
        """Attestors' consents to what a holder signed, in the order of the chain: one with each call that brought it."""
        ...

    def commitment_of(self, number: int) -> Commitment | None:
        """The commitment of the call that the redemption of this number belongs to."""
        ...

    def redemptions_from(self, first: int, count: int) -> list[Redemption]:
        """`count` redemptions from number `first` on, by number; no bound, for opening a commitment."""
        ...

    def line_sums(self, programme: ProgrammeId | None = None) -> dict[LineId, LineSums]:
        """What moved under each line as the roll-ups have it; lines under which nothing moved are left out."""
        ...

    def batch_counts(self) -> dict[BatchId, BatchCounts] | None:
        """Vouchers of each batch as the roll-ups have it, batches without any left out; None but at the head."""
        ...

    def line_sums_from_facts(self, programme: ProgrammeId | None = None) -> dict[LineId, LineSums]:
        """The same, added up from the events one by one."""
        ...


class AuditReads(Protocol):
    """Opens audit readers; see `Reads` for what is raised."""

    def at_head(self) -> AbstractContextManager[AuditReader]:
        """On the newest indexed block."""
        ...

    def at(self, block_number: int) -> AbstractContextManager[AuditReader]:
        """On an older block."""
        ...


class ChainState(Protocol):
    """Reads the contracts' own words as of one block.

    Every method may raise:
        StateGone: the chain no longer keeps the state of that block.
    """

    def lines(self, lines: Sequence[LineId], block: BlockRef) -> dict[LineId, LineTerms]:
        """Treasury's account and Vouchers' ledger word of each line."""
        ...

    def batches(self, batches: Sequence[BatchId], block: BlockRef) -> dict[BatchId, BatchState]:
        """Terms and supply of batches."""
        ...

    def pairs(self, pairs: Sequence[tuple[BatchId, RollId]], block: BlockRef) -> list[PairState]:
        """Marks, places and redeemed bits of pairs, in their order."""
        ...

    def moved(
        self, vouchers: Sequence[VoucherId], places: Sequence[tuple[RollId, Place]], block: BlockRef
    ) -> tuple[list[Address], list[Address]]:
        """Who vouchers were passed on to, and places given to; zero where they were not."""
        ...

    def days(self, days: Sequence[tuple[MerchantId, LineId, Day]], block: BlockRef) -> list[MerchantDay]:
        """Ledger words of merchants' days, in their order."""
        ...

    def tokens(self, tokens: Sequence[Address], block: BlockRef) -> list[TokenState]:
        """Escrow and balance of tokens; the balance of what is no token, and has no escrow, is 0."""
        ...

    def commitment(self, first_number: int, block: BlockRef) -> Hash:
        """The commitment stored for the call whose first redemption has this number; zero if there is none."""
        ...

    def voucher(self, voucher: VoucherId, block: BlockRef) -> tuple[VoucherState, Address | None]:
        """The contract's own word on a voucher: state and holder; no holder where it was never issued."""
        ...

    @property
    def words_read(self) -> int:
        """Words of storage read so far."""
        ...


@dataclass(frozen=True, slots=True)
class SentItem:
    """An item as it was sent to the chain.

    Attributes:
        item: with the holder's signature.
        digest: recomputed from the item and the contract's EIP-712 domain.
        terminal: the terminal named for its group; None where there was none.
        terminal_signed: whether that terminal sent the call or its signature over the group's digests is good.
    """

    item: Item
    digest: Hash
    terminal: Address | None
    terminal_signed: bool


class SentCalls(Protocol):
    """Reads redeeming calls back out of their transactions, and checks signatures anew."""

    def items(self, transaction: Hash) -> list[SentItem] | None:
        """The items of a call that redeems or books; None where the transaction is not, or not directly, such a call."""
        ...

    def signed_by(self, holder: Address, sent: SentItem, block: BlockRef) -> str | None:
        """How the holder signed: `ECDSA` or `ERC-1271`; None where the signature is not theirs.

        Raises:
            StateGone: the holder is a contract, and the state of the block is gone.
        """
        ...

    def reason(self, selector: str) -> str:
        """The name of a refusal's reason, e.g. `Expired`; the selector itself where this release does not know it."""
        ...

    def chained(self, redemptions: Sequence[Redemption]) -> Hash:
        """The commitment over the redemptions' leaves, in their order."""
        ...
