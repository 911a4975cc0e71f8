"""What the API answers about merchants, settlement runs and moves of budget."""

from collections.abc import Callable

from node_api.api.answers import BlockOut
from node_api.api.fields import Out
from node_api.api.record import bits
from node_api.domain.merchant_life import MerchantAccountFact, PayoutChange, TermsStep
from node_api.domain.models import Merchant, TxRef
from node_api.domain.regions import unpack_region
from node_api.domain.settlement import BudgetMove, ControlTotals, SettlementEntry, SettlementRun
from node_api.domain.trail import Step


class WhereOut(Out):
    """Where something stands on the chain."""

    transaction: str
    block: BlockOut


class MerchantTermsOut(Out):
    """What a merchant is vetted for and where it is."""

    categories: list[int]
    region: str
    channels: list[int]


class TermsStepOut(MerchantTermsOut):
    """Other terms, `proposed` or in force (`changed`)."""

    step: str
    by: str
    where: WhereOut


class AccountOut(Out):
    """A `key` or `terminal`; `daily_limit` in the token's smallest unit, null for none."""

    account: str
    kind: str
    daily_limit: int | None


class PayoutOut(Out):
    """A payout account `proposed` (approved from `ripe_at` on), in force (`changed`) or `withdrawn`."""

    step: str
    account: str
    by: str
    ripe_at: int | None
    reason: str
    where: WhereOut


class MerchantStepOut(Out):
    """A step in a merchant's life."""

    step: str
    by: str
    reason: str
    where: WhereOut


class MerchantOut(MerchantTermsOut):
    """A merchant as of a block, with how it came to be so."""

    merchant: int
    ref: str
    status: str
    payout: str
    accounts: list[AccountOut]
    changes: list[TermsStepOut]
    payouts: list[PayoutOut]
    steps: list[MerchantStepOut]
    block: BlockOut


class EntryOut(Out):
    """A merchant's day in a run: `open`, `paid` to `account`, or `skipped` for `reason`."""

    line: str
    merchant: int
    day: int
    amount: int
    state: str
    account: str | None
    reason: str | None


class ControlTotalsOut(Out):
    """Sums to compare: of all entries, by budget line, by merchant."""

    entries: int
    amount: int
    by_line: dict[str, int]
    by_merchant: dict[str, int]


class RunFields(Out):
    """A settlement run; `released` and `approver` are null while it waits."""

    run: int
    hash: str
    proposer: str
    approver: str | None
    totals: ControlTotalsOut
    paid: int
    prepared: WhereOut
    released: WhereOut | None


class RunsOut(Out):
    """Runs by number; `next` continues the list as `after`."""

    runs: list[RunFields]
    next: int | None
    block: BlockOut


class RunOut(RunFields):
    """A run with its entries."""

    entries: list[EntryOut]
    block: BlockOut


class MoveOut(Out):
    """A move of budget: `proposed`, `approved` or `withdrawn`; `money` went along."""

    move: int
    from_line: str
    to_line: str
    amount: int
    money: int
    state: str
    reason: str
    proposer: str
    decided_by: str | None
    proposed: WhereOut
    decided: WhereOut | None


class MovesOut(Out):
    """A programme's moves, by number."""

    moves: list[MoveOut]
    block: BlockOut


def merchant_out(
    merchant: Merchant,
    accounts: list[MerchantAccountFact],
    changes: list[TermsStep],
    payouts: list[PayoutChange],
    steps: list[Step],
    block: BlockOut,
) -> MerchantOut:
    """A merchant's schema."""
    return MerchantOut(
        merchant=merchant.id,
        ref=merchant.ref,
        status=merchant.status.name,
        payout=merchant.payout,
        categories=bits(merchant.categories),
        region=unpack_region(merchant.region),
        channels=bits(merchant.channels),
        accounts=[AccountOut(account=a.account, kind=a.kind, daily_limit=a.daily_limit) for a in accounts],
        changes=[_change_out(change) for change in changes],
        payouts=[_payout_out(payout) for payout in payouts],
        steps=[MerchantStepOut(step=s.name, by=s.actor, reason=s.reason, where=_where(s.tx)) for s in steps],
        block=block,
    )


def _change_out(change: TermsStep) -> TermsStepOut:
    return TermsStepOut(
        step=change.name,
        by=change.actor,
        categories=bits(change.categories),
        region=unpack_region(change.region),
        channels=bits(change.channels),
        where=_where(change.tx),
    )


def _payout_out(payout: PayoutChange) -> PayoutOut:
    return PayoutOut(
        step=payout.name,
        account=payout.account,
        by=payout.actor,
        ripe_at=payout.ripe_at or None,
        reason=payout.reason,
        where=_where(payout.tx),
    )


def runs_out(runs: list[SettlementRun], limit: int, block: BlockOut) -> RunsOut:
    """A page of runs."""
    shown = [RunFields.model_validate(_run_fields(run)) for run in runs]
    return RunsOut(runs=shown, next=runs[-1].number if len(runs) == limit else None, block=block)


def run_out(run: SettlementRun, reason: Callable[[str], str], block: BlockOut) -> RunOut:
    """One run; `reason` names the selector of a skipped entry."""
    entries = [_entry_out(entry, reason) for entry in run.entries]
    return RunOut.model_validate({**_run_fields(run), "entries": entries, "block": block})


def _run_fields(run: SettlementRun) -> dict[str, object]:
    return {
        "run": run.number,
        "hash": run.hash,
        "proposer": run.proposer,
        "approver": run.approver,
        "totals": _totals_out(run.totals),
        "paid": run.paid,
        "prepared": _where(run.prepared),
        "released": None if run.released is None else _where(run.released),
    }


def _totals_out(totals: ControlTotals) -> ControlTotalsOut:
    return ControlTotalsOut(
        entries=totals.entries,
        amount=totals.amount,
        by_line={str(line): amount for line, amount in totals.by_line.items()},
        by_merchant={str(merchant): amount for merchant, amount in totals.by_merchant.items()},
    )


def _entry_out(entry: SettlementEntry, reason: Callable[[str], str]) -> EntryOut:
    return EntryOut(
        line=str(entry.line),
        merchant=entry.merchant,
        day=entry.day,
        amount=entry.amount,
        state=entry.state.value,
        account=entry.account,
        reason=None if entry.reason is None else reason(entry.reason),
    )


def moves_out(moves: list[BudgetMove], block: BlockOut) -> MovesOut:
    """A programme's moves."""
    return MovesOut(moves=[_move_out(move) for move in moves], block=block)


def _move_out(move: BudgetMove) -> MoveOut:
    return MoveOut(
        move=move.number,
        from_line=str(move.from_line),
        to_line=str(move.to_line),
        amount=move.amount,
        money=move.money,
        state=move.state.value,
        reason=move.reason,
        proposer=move.proposer,
        decided_by=move.decided_by,
        proposed=_where(move.proposed),
        decided=None if move.decided is None else _where(move.decided),
    )


def _where(tx: TxRef) -> WhereOut:
    return WhereOut(transaction=tx.hash, block=BlockOut.of(tx.block))
