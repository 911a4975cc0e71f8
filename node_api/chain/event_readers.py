"""For every cold event of the contracts: its arguments by name, as the ABI has them, to domain events."""

from __future__ import annotations

from collections.abc import Mapping

from node_api.chain import standing_readers
from node_api.chain.booking_event_readers import BOOKING_READERS
from node_api.chain.case_event_readers import CASE_READERS
from node_api.chain.claim_event_readers import CLAIM_READERS
from node_api.chain.event_args import Args, EventReader
from node_api.chain.event_args import bytes_of as _bytes
from node_api.chain.event_args import number_of as _number
from node_api.chain.event_args import struct_of as _struct
from node_api.chain.event_args import text_of as _text
from node_api.chain.life_event_readers import LIFE_READERS
from node_api.chain.money_event_readers import MONEY_READERS
from node_api.chain.transfer_event_readers import TRANSFER_READERS
from node_api.domain.events import (
    BatchOpened,
    BudgetLineAdded,
    BudgetSet,
    CategoryNamed,
    ConsentGiven,
    Deposited,
    Event,
    MerchantAccount,
    MerchantApplied,
    MerchantPaid,
    MerchantStep,
    ProgrammeDrafted,
    ProgrammeStep,
    RedemptionsCommitted,
    RelayerSynced,
    RestReturned,
    RoleStep,
    RollWritten,
    RulesWritten,
    SettlementPrepared,
    SettlementReleased,
    TerminalBatchAccepted,
    VouchersSwept,
)
from node_api.domain.rule_events import RulesStep, WideningProposed

# --- ProgrammeRegistry ---

_PROGRAMME = (
    "name token utc_offset starts_at ends_at categories region channels approvals_needed document"  # ProgrammeTerms
)
_RULES = (
    "max_deadline reversal_window dispute_window step_up_threshold merchant_daily_limit redemption_amount"
    " redemption_count day_amount day_count month_amount month_count open_seconds open_max_bill flags"  # RulesTerms
)


def _drafted(args: Args) -> tuple[Event, ...]:
    terms = _struct(args, "terms", _PROGRAMME)
    rules = _struct(args, "rules", _RULES)
    programme, actor = _number(args, "programme"), _bytes(args, "by")
    numbers = {name: _number(terms, name) for name in _PROGRAMME.split()[2:-1]}
    return (
        ProgrammeDrafted(
            programme=programme,
            ref=_text(args, "ref"),
            name=_text(terms, "name"),
            token=_bytes(terms, "token"),
            document=_bytes(terms, "document"),
            drafted_by=actor,
            **numbers,
        ),
        RulesWritten(programme=programme, version=1, **{name: _number(rules, name) for name in rules}),
        ProgrammeStep(programme, "drafted", actor, 0, ""),
    )


def _rules_proposed(args: Args) -> tuple[Event, ...]:
    rules = _struct(args, "rules", _RULES)
    programme, version = _number(args, "programme"), _number(args, "version")
    return (
        RulesWritten(programme=programme, version=version, **{name: _number(rules, name) for name in rules}),
        RulesStep(programme, version, "proposed", _bytes(args, "by"), _number(args, "ripeAt"), _text(args, "reason")),
    )


def _rules_step(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        reason = _text(args, "reason") if "reason" in args else ""
        return (RulesStep(_number(args, "programme"), _number(args, "version"), name, _bytes(args, "by"), 0, reason),)

    return reader


def _widening_proposed(args: Args) -> tuple[Event, ...]:
    regions = args["regions"]
    assert isinstance(regions, tuple)
    packed = b"".join(region.to_bytes(5, "big") for region in regions)
    programme, version = _number(args, "programme"), _number(args, "version")
    return (WideningProposed(programme, version, _number(args, "categories"), packed, _number(args, "channels")),)


def _first_rules(name: str, step: EventReader) -> EventReader:
    """A programme's step that is its first rules' step, too."""

    def reader(args: Args) -> tuple[Event, ...]:
        return (*step(args), RulesStep(_number(args, "programme"), 1, name, _bytes(args, "by"), 0, ""))

    return reader


def _line_added(args: Args) -> tuple[Event, ...]:
    terms = _struct(args, "terms", "funder funding_region beneficiary_group purpose amount")  # LineTerms
    return (
        BudgetLineAdded(
            line=_number(args, "line"),
            programme=_number(args, "programme"),
            funder=_bytes(terms, "funder"),
            funding_region=_number(terms, "funding_region"),
            beneficiary_group=_text(terms, "beneficiary_group"),
            purpose=_text(terms, "purpose"),
            amount=_number(terms, "amount"),
        ),
    )


def _programme_step(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        approvals = _number(args, "approvals") if "approvals" in args else 0
        reason = _text(args, "reason") if "reason" in args else ""
        return (ProgrammeStep(_number(args, "programme"), name, _bytes(args, "by"), approvals, reason),)

    return reader


# --- MerchantRegistry ---


def _applied(args: Args) -> tuple[Event, ...]:
    terms = _struct(args, "terms", "categories region channels payout")  # MerchantTerms
    merchant = _number(args, "merchant")
    return (
        MerchantApplied(
            merchant=merchant,
            ref=_text(args, "ref"),
            categories=_number(terms, "categories"),
            region=_number(terms, "region"),
            channels=_number(terms, "channels"),
            payout=_bytes(terms, "payout"),
        ),
        MerchantStep(merchant, "applied", _bytes(args, "by"), ""),
    )


def _merchant_step(name: str) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        reason = _text(args, "reason") if "reason" in args else ""
        return (MerchantStep(_number(args, "merchant"), name, _bytes(args, "by"), reason),)

    return reader


def _account(kind: str, *, added: bool) -> EventReader:
    def reader(args: Args) -> tuple[Event, ...]:
        return (MerchantAccount(_bytes(args, kind), kind, _number(args, "merchant"), added, _bytes(args, "by")),)

    return reader


# --- Vouchers ---

_BATCH = (
    "programme line kind face minimum_spend percentage categories region channels valid_from valid_until"
    " claim_days quota"  # BatchTerms
)


def _batch_opened(args: Args) -> tuple[Event, ...]:
    terms = _struct(args, "terms", _BATCH)
    numbers = {name: _number(terms, name) for name in _BATCH.split()[2:]}
    return (
        BatchOpened(
            batch=_number(args, "batch"),
            ref=_text(args, "ref"),
            programme=_number(args, "programme"),
            line=_number(args, "line"),
            rules_version=_number(args, "rulesVersion"),
            **numbers,
        ),
    )


def _roll_written(args: Args) -> tuple[Event, ...]:
    """The holders are code, which the log does not carry: whoever fetches the log fetches them, too."""
    return (
        RollWritten(
            roll=_number(args, "roll"),
            ref=_text(args, "ref"),
            programme=_number(args, "programme"),
            places=_number(args, "places"),
            flags=_number(args, "flags"),
            pointer=_bytes(args, "pointer"),
            holders=b"",
        ),
    )


def _swept(args: Args) -> tuple[Event, ...]:
    batch, roll, line = _number(args, "batch"), _number(args, "roll"), _number(args, "line")
    return (VouchersSwept(batch, roll, line, _number(args, "count"), _number(args, "amount"), _bytes(args, "by")),)


# --- Treasury ---


def _paid(args: Args) -> tuple[Event, ...]:
    line, merchant, day = _number(args, "line"), _number(args, "merchant"), _number(args, "day")
    return (MerchantPaid(line, merchant, day, _number(args, "run"), _number(args, "amount"), _bytes(args, "account")),)


READERS: Mapping[str, EventReader] = {
    **MONEY_READERS,
    **standing_readers.READERS,
    **CASE_READERS,
    **CLAIM_READERS,
    **BOOKING_READERS,
    **LIFE_READERS,
    **TRANSFER_READERS,
    "ProgrammeDrafted": _drafted,
    "BudgetLineAdded": _line_added,
    "ProgrammeProposed": _first_rules("proposed", _programme_step("proposed")),
    "ProgrammeApproved": _programme_step("approved"),
    "ProgrammeRejected": _programme_step("rejected"),
    "ProgrammePublished": _first_rules("activated", _programme_step("published")),
    "RulesProposed": _rules_proposed,
    "RulesActivated": _rules_step("activated"),
    "RulesWithdrawn": _rules_step("withdrawn"),
    "WideningProposed": _widening_proposed,
    "ProgrammeActivated": _programme_step("activated"),
    "ProgrammeClosed": _programme_step("closed"),
    "MerchantApplied": _applied,
    "MerchantActivated": _merchant_step("activated"),
    "MerchantSuspended": _merchant_step("suspended"),
    "MerchantReinstated": _merchant_step("reinstated"),
    "MerchantKeyAdded": _account("key", added=True),
    "MerchantKeyRemoved": _account("key", added=False),
    "TerminalAdded": _account("terminal", added=True),
    "TerminalRemoved": _account("terminal", added=False),
    "CategoryNamed": lambda a: (CategoryNamed(_number(a, "category"), _text(a, "name"), _bytes(a, "by")),),
    "BatchOpened": _batch_opened,
    "RollWritten": _roll_written,
    "RedemptionsCommitted": lambda a: (
        RedemptionsCommitted(_number(a, "firstNumber"), _number(a, "count"), _bytes(a, "commitment")),
    ),
    "ConsentGiven": lambda a: (ConsentGiven(_bytes(a, "redemption"), _bytes(a, "attestor")),),
    "TerminalBatchAccepted": lambda a: (
        TerminalBatchAccepted(
            _number(a, "merchant"), _bytes(a, "terminal"), _number(a, "firstNumber"), _number(a, "count")
        ),
    ),
    "RelayerSynced": lambda a: (RelayerSynced(_bytes(a, "account"), bool(a["allowed"])),),
    "VouchersSwept": _swept,
    "BudgetSet": lambda a: (BudgetSet(_number(a, "line"), _number(a, "amount")),),
    "Deposited": lambda a: (Deposited(_bytes(a, "slip"), _number(a, "line"), _bytes(a, "from"), _number(a, "amount")),),
    "SettlementPrepared": lambda a: (
        SettlementPrepared(_number(a, "run"), _bytes(a, "by"), _number(a, "entries"), _bytes(a, "hash")),
    ),
    "SettlementReleased": lambda a: (SettlementReleased(_number(a, "run"), _bytes(a, "by"), _number(a, "amount")),),
    "MerchantPaid": _paid,
    "RestReturned": lambda a: (RestReturned(_number(a, "line"), _bytes(a, "funder"), _number(a, "amount")),),
    "RoleGranted": lambda a: (
        # To a member it says from when on the member's calls wait as long as told: what the member may do, and since when, stays.
        (RoleStep(_number(a, "roleId"), _bytes(a, "account"), granted=True, since=_number(a, "since")),)
        if a["newMember"]
        else ()
    ),
    "RoleRevoked": lambda a: (RoleStep(_number(a, "roleId"), _bytes(a, "account"), granted=False, since=0),),
}
