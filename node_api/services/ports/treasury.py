"""What treasury staff do on chain, one frozen command each, and the port that carries commands out.

Money is in the token's smallest unit, times are Unix seconds, regions are packed, categories and channels are bit masks.
Who signs a command is the adapter's table; a command holds no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from node_api.domain.ids import (
    Address,
    Amount,
    BatchId,
    Day,
    Hash,
    LineId,
    MerchantId,
    ProgrammeId,
    RollId,
    UnixSeconds,
)
from node_api.domain.reverts import RULES_AND_REMEDIES

NO_DOCUMENT = Hash("0x" + "0" * 64)


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """The outer bounds of a programme, as `ProgrammeTerms` in `Programme.sol`."""

    name: str
    token: Address
    utc_offset_minutes: int
    starts_at: UnixSeconds
    ends_at: UnixSeconds
    categories: int
    region: int
    channels: int
    approvals_needed: int
    document: Hash


@dataclass(frozen=True, slots=True)
class RulesTerms:
    """The rules of this release. Windows in seconds."""

    max_deadline: int
    reversal_window: int
    dispute_window: int


@dataclass(frozen=True, slots=True)
class LineTerms:
    """A budget line."""

    funder: Address
    funding_region: int
    beneficiary_group: str
    purpose: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class MerchantTerms:
    """What a merchant is vetted for and where it is paid."""

    categories: int
    region: int
    channels: int
    payout: Address


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """A batch of fixed-value vouchers; `line` is the number within the programme."""

    programme: ProgrammeId
    line: int
    face: Amount
    minimum_spend: Amount
    categories: int
    region: int
    channels: int
    valid_from: UnixSeconds
    valid_until: UnixSeconds
    claim_days: int
    quota: int


# --- commands ---


@dataclass(frozen=True, slots=True)
class AllowToken:
    """Puts a settlement token on the Treasury's list. By the approver."""

    token: Address


@dataclass(frozen=True, slots=True)
class MintToken:
    """Creates money of the deployment's own token for the treasurer. By the issuer."""

    amount: Amount


@dataclass(frozen=True, slots=True)
class AllowEscrow:
    """Lets the Treasury contract take `amount` of the treasurer's token, for the deposits that follow."""

    token: Address
    amount: Amount


@dataclass(frozen=True, slots=True)
class DraftProgramme:
    """Drafts a programme. By the treasurer."""

    ref: str
    terms: ProgrammeTerms
    rules: RulesTerms
    lines: tuple[LineTerms, ...]


@dataclass(frozen=True, slots=True)
class ProposeProgramme:
    """Puts a draft before the approvers. By the treasurer."""

    programme: ProgrammeId


@dataclass(frozen=True, slots=True)
class ApproveProgramme:
    """Approves a proposal. By the approver."""

    programme: ProgrammeId


@dataclass(frozen=True, slots=True)
class PublishProgramme:
    """Publishes an approved programme. By the treasurer."""

    programme: ProgrammeId


@dataclass(frozen=True, slots=True)
class ActivateProgramme:
    """Activates a published programme once its time has come. By the treasurer."""

    programme: ProgrammeId


@dataclass(frozen=True, slots=True)
class CloseProgramme:
    """Closes a programme whose time is over and whose money is settled or swept. By the treasurer."""

    programme: ProgrammeId
    reason: str


@dataclass(frozen=True, slots=True)
class EnterMerchants:
    """Enters merchants' applications. By the registrar."""

    merchants: tuple[tuple[str, MerchantTerms], ...]


@dataclass(frozen=True, slots=True)
class ActivateMerchants:
    """Activates merchants that applied. By the approver."""

    merchants: tuple[MerchantId, ...]


@dataclass(frozen=True, slots=True)
class SuspendMerchant:
    """Suspends an active merchant. By the registrar."""

    merchant: MerchantId
    reason: str


@dataclass(frozen=True, slots=True)
class AddTerminal:
    """Gives a merchant a terminal. By the registrar."""

    merchant: MerchantId
    terminal: Address


@dataclass(frozen=True, slots=True)
class NameCategories:
    """Names categories. By the registrar."""

    names: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class DepositMoney:
    """Moves money of the treasurer into escrow for a line; `slip` is the hash of its bank slip, used once."""

    line: LineId
    amount: Amount
    slip: Hash


@dataclass(frozen=True, slots=True)
class OpenBatches:
    """Opens batches under their text references. By the treasurer."""

    batches: tuple[tuple[str, BatchTerms], ...]


@dataclass(frozen=True, slots=True)
class WriteRoll:
    """Writes a roll; `holders` are 20 bytes a place. By the treasurer."""

    programme: ProgrammeId
    ref: str
    custodial: bool
    holders: bytes


@dataclass(frozen=True, slots=True)
class IssuePack:
    """Issues every batch to every roll. `places` is the sum over the rolls. By the treasurer."""

    batches: tuple[BatchId, ...]
    rolls: tuple[RollId, ...]
    places: int


@dataclass(frozen=True, slots=True)
class SweepPair:
    """Books the expired vouchers of a pair back to its line. By the treasurer."""

    batch: BatchId
    roll: RollId


@dataclass(frozen=True, slots=True)
class PrepareSettlement:
    """Prepares a run: (line, merchant, day) each. By the treasurer."""

    entries: tuple[tuple[LineId, MerchantId, Day], ...]


@dataclass(frozen=True, slots=True)
class ReleaseSettlement:
    """Releases a prepared run. By the approver."""

    run: int
    entries: tuple[tuple[LineId, MerchantId, Day], ...]


@dataclass(frozen=True, slots=True)
class ReturnRest:
    """Returns what is left of a closed programme's line to its funder. By the treasurer."""

    line: LineId


Command = (
    AllowToken
    | MintToken
    | AllowEscrow
    | DraftProgramme
    | ProposeProgramme
    | ApproveProgramme
    | PublishProgramme
    | ActivateProgramme
    | CloseProgramme
    | EnterMerchants
    | ActivateMerchants
    | SuspendMerchant
    | AddTerminal
    | NameCategories
    | DepositMoney
    | OpenBatches
    | WriteRoll
    | IssuePack
    | SweepPair
    | PrepareSettlement
    | ReleaseSettlement
    | ReturnRest
)


@dataclass(frozen=True, slots=True)
class Carried:
    """A command that took effect."""

    command: Command
    transaction: Hash
    block: int
    gas: int


class CommandRefused(Exception):
    """A contract refused a command; commands sent beside it may have taken effect.

    Attributes:
        command: what was refused.
        error: the contract's error by name (`Treasury_Unbacked`); empty where it gave none.
        detail: the error with its arguments, in words.
    """

    def __init__(self, command: Command, error: str, detail: str) -> None:
        told = f"{type(command).__name__} was refused: {detail}"
        if error in RULES_AND_REMEDIES:
            rule, remedy = RULES_AND_REMEDIES[error]
            told = f"{told}; the rule: {rule}; what to do: {remedy}"
        super().__init__(told)
        self.command = command
        self.error = error
        self.detail = detail


class TreasuryDesk(Protocol):
    """Carries commands out."""

    def carry_out(self, commands: Iterable[Command]) -> Iterator[Carried]:
        """Sends the commands in order, several in flight, and yields each once its receipt is there, in order.

        Commands of different roles may overtake each other, so commands of one call must not depend on those of
        another role in the same call. Consumed lazily: what is not asked for may not be sent.

        Raises:
            CommandRefused: a contract said no.
        """
        ...

    def now(self) -> UnixSeconds:
        """Time of the next block as far as it is known."""
        ...


# --- what the chain has, by text reference ---


@dataclass(frozen=True, slots=True)
class ProgrammeSeen:
    """A programme as it stands on chain."""

    id: ProgrammeId
    state: int
    terms: ProgrammeTerms
    rules: RulesTerms
    lines: tuple[LineTerms, ...]


@dataclass(frozen=True, slots=True)
class MerchantSeen:
    """A merchant as it stands on chain."""

    id: MerchantId
    status: int
    terms: MerchantTerms


@dataclass(frozen=True, slots=True)
class BatchSeen:
    """A batch as it stands on chain; `issued` counts vouchers."""

    id: BatchId
    terms: BatchTerms
    issued: int


@dataclass(frozen=True, slots=True)
class RollSeen:
    """A roll as it stands on chain."""

    id: RollId
    programme: ProgrammeId
    places: int
    custodial: bool
    pointer: Address


class TreasuryBook(Protocol):
    """Looks up by text reference what the chain has. Answers in the order of the questions; None where there is nothing."""

    def token(self, name: str) -> Address | None:
        """The token of an address, or the deployment's own where its symbol is `name`."""
        ...

    def is_own_token(self, token: Address) -> bool:
        """Whether it is the deployment's own token, which its issuer can mint."""
        ...

    def is_token_allowed(self, token: Address) -> bool:
        """Whether the Treasury takes it."""
        ...

    def treasurer_funds(self, token: Address) -> tuple[Amount, Amount] | None:
        """The treasurer's balance, and what of it the Treasury contract may take; None where it is no token."""
        ...

    def programmes(self, refs: Sequence[str]) -> list[ProgrammeSeen | None]:
        """Programmes by reference."""
        ...

    def merchants(self, refs: Sequence[str]) -> list[MerchantSeen | None]:
        """Merchants by reference."""
        ...

    def batches(self, refs: Sequence[str]) -> list[BatchSeen | None]:
        """Batches by reference."""
        ...

    def batches_by_id(self, ids: Sequence[BatchId]) -> list[BatchSeen | None]:
        """Batches by id."""
        ...

    def programme_ref(self, programme: ProgrammeId) -> str:
        """The reference a programme was drafted under, from its event."""
        ...

    def line_available(self, programme: ProgrammeId, line: int) -> Amount:
        """Money of a budget line that nothing was issued against yet; 0 for an unknown line."""
        ...

    def rolls(self, refs: Sequence[str]) -> list[RollSeen | None]:
        """Rolls by reference."""
        ...

    def holders(self, pointers: Sequence[Address]) -> list[bytes]:
        """What rolls hold: 20 bytes a place."""
        ...

    def deposits(self, slips: Sequence[Hash]) -> list[LineId | None]:
        """Lines of the deposits made with these bank slips."""
        ...

    def issued(self, pairs: Sequence[tuple[BatchId, RollId]]) -> list[bool]:
        """Whether each batch was given to its roll."""
        ...

    def terminals(self, accounts: Sequence[Address]) -> list[MerchantId | None]:
        """Merchants whose terminals these accounts are."""
        ...

    def category_names(self, categories: Sequence[int]) -> list[str]:
        """Names of categories; empty where there is none."""
        ...
