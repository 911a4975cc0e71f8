"""The port that carries treasury commands out, and the port that looks up what the chain has by text reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from node_api.domain.ids import Address, Amount, BatchId, Hash, LineId, MerchantId, ProgrammeId, RollId, UnixSeconds
from node_api.services.ports.staff_commands import AppointAuditor, LimitTerminal
from node_api.services.ports.treasury_commands import (
    ActivateMerchants,
    ActivateProgramme,
    AddTerminal,
    AllowEscrow,
    AllowToken,
    ApproveProgramme,
    Carried,
    ChainWentBack,
    CloseProgramme,
    Command,
    CommandRefused,
    DepositMoney,
    DraftProgramme,
    EnterMerchants,
    IssuePack,
    MintToken,
    NameCategories,
    OpenBatches,
    PrepareSettlement,
    ProposeProgramme,
    PublishProgramme,
    ReleaseSettlement,
    ReturnRest,
    SuspendMerchant,
    SweepPair,
    WriteRoll,
)
from node_api.services.ports.treasury_terms import (
    NO_DOCUMENT,
    BatchTerms,
    LineTerms,
    MerchantTerms,
    ProgrammeTerms,
    PublicationTerms,
    RulesTerms,
)

__all__ = [
    "NO_DOCUMENT",
    "ActivateMerchants",
    "ActivateProgramme",
    "AddTerminal",
    "AllowEscrow",
    "AllowToken",
    "AppointAuditor",
    "ApproveProgramme",
    "BatchSeen",
    "BatchTerms",
    "Carried",
    "ChainWentBack",
    "CloseProgramme",
    "Command",
    "CommandRefused",
    "DepositMoney",
    "DraftProgramme",
    "EnterMerchants",
    "IssuePack",
    "LimitTerminal",
    "LineTerms",
    "MerchantPast",
    "MerchantSeen",
    "MerchantTerms",
    "MintToken",
    "NameCategories",
    "OpenBatches",
    "PrepareSettlement",
    "ProgrammeSeen",
    "ProgrammeTerms",
    "ProposeProgramme",
    "PublicationTerms",
    "PublishProgramme",
    "ReleaseSettlement",
    "ReturnRest",
    "RollSeen",
    "RulesTerms",
    "SuspendMerchant",
    "SweepPair",
    "TreasuryBook",
    "TreasuryDesk",
    "WriteRoll",
]


class TreasuryDesk(Protocol):
    """Carries commands out."""

    def carry_out(self, commands: Iterable[Command]) -> Iterator[Carried]:
        """Sends the commands in order, several in flight, and yields each once its receipt is there, in order.

        Commands of different roles may overtake each other, so commands of one call must not depend on those of
        another role in the same call. Consumed lazily: what is not asked for may not be sent.

        Raises:
            CommandRefused: a contract said no; what was sent before it was yielded, what was sent behind it may have effect.
            ChainWentBack: a contract said no, or otherwise than before, on a chain that had lost blocks.
        """
        ...

    def settle(self) -> None:
        """Gives a chain that went back what it has lost of the commands, and waits until all of them stand in blocks."""
        ...

    def now(self) -> UnixSeconds:
        """Time of the next block as far as it is known."""
        ...


@dataclass(frozen=True, slots=True)
class ProgrammeSeen:
    """A programme as it stands on chain; it can be activated at `earliest` or later, 0 before its publication."""

    id: ProgrammeId
    state: int
    terms: ProgrammeTerms
    rules: RulesTerms
    lines: tuple[LineTerms, ...]
    publication: PublicationTerms
    earliest: UnixSeconds


@dataclass(frozen=True, slots=True)
class MerchantSeen:
    """A merchant as it stands on chain."""

    id: MerchantId
    status: int
    terms: MerchantTerms


@dataclass(frozen=True, slots=True)
class MerchantPast:
    """What was ever decided on chain about merchants, whatever they are now.

    Attributes:
        reinstated: merchants whose suspension was taken back.
        removed: accounts that were removed as somebody's terminal, lower-cased.
        limited: terminals that were given a daily limit, 0 included, lower-cased.
    """

    reinstated: frozenset[MerchantId]
    removed: frozenset[Address]
    limited: frozenset[Address]


@dataclass(frozen=True, slots=True)
class BatchSeen:
    """A batch as it stands on chain: its terms as they were opened, by how much it was extended since, vouchers issued, and
    those kept for rounds of claims.

    Its validity ends on the programme's clock, which stands still in a pause: earlier by all pauses before it was opened.
    """

    id: BatchId
    terms: BatchTerms
    extended_seconds: int
    issued: int
    reserved: int


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

    def opened_until(self, batches: Sequence[BatchId]) -> list[UnixSeconds]:
        """The ends of validity that batches were opened with, from their events."""
        ...

    def programme_ref(self, programme: ProgrammeId) -> str:
        """The reference a programme was drafted under, from its event."""
        ...

    def clock(self, programme: ProgrammeId) -> UnixSeconds:
        """The programme's clock, as `TreasuryDesk.now`: behind it by all seconds that the programme was paused so far."""
        ...

    def line_money(self, programme: ProgrammeId, line: int) -> tuple[Amount, Amount]:
        """Money of a budget line that can be issued against, and what is kept for rounds of claims; 0 for an unknown line."""
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

    def terminal_limits(self, accounts: Sequence[Address]) -> list[Amount]:
        """What each terminal may redeem on a local day; 0 where nothing limits it."""
        ...

    def merchant_past(self) -> MerchantPast:
        """What was ever decided about merchants, from the events of the whole chain: to be asked for where it matters."""
        ...

    def category_names(self, categories: Sequence[int]) -> list[str]:
        """Names of categories; empty where there is none."""
        ...
