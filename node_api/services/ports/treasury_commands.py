"""What treasury staff do on chain: one frozen command each.

Money is in the token's smallest unit, times are Unix seconds, regions are packed, categories and channels are bit masks.
Who signs a command is the adapter's table; a command holds no key.
"""

from __future__ import annotations

from dataclasses import dataclass

from node_api.domain.ids import Address, Amount, BatchId, Day, Hash, LineId, MerchantId, ProgrammeId, RollId
from node_api.domain.reverts import RULES_AND_REMEDIES
from node_api.services.ports.claim_commands import ClaimCommand
from node_api.services.ports.life_commands import LifeCommand
from node_api.services.ports.rules_commands import (
    ActivateRules,
    ProposeRules,
    RejectRules,
    SetTransferCaps,
    WithdrawRules,
)
from node_api.services.ports.staff_commands import StaffCommand
from node_api.services.ports.treasury_terms import BatchTerms, LineTerms, MerchantTerms, ProgrammeTerms, RulesTerms


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
    """Prepares a run: (line, merchant, day, amount) each. By the treasurer."""

    entries: tuple[tuple[LineId, MerchantId, Day, Amount], ...]


@dataclass(frozen=True, slots=True)
class ReleaseSettlement:
    """Releases a prepared run. By the approver."""

    run: int
    entries: tuple[tuple[LineId, MerchantId, Day, Amount], ...]


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
    | SetTransferCaps
    | ProposeRules
    | ActivateRules
    | WithdrawRules
    | RejectRules
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
    | StaffCommand
    | ClaimCommand
    | LifeCommand
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


class ChainWentBack(Exception):
    """The chain lost blocks that held commands of before: a refusal may rest on that, and what was learned may be untrue.

    Settle the desk, look at the chain anew, and go on with what is left.
    """
