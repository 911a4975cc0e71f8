"""`vouchertrail rules`: show the versions of a programme's rules, propose, activate, withdraw and turn down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TypeVar

import rich_click as click

from node_api.cli.audit_output import plain, print_report
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.options import CHAIN_FAULT, FAULT, Shared, fail, shared_options
from node_api.cli.oversight import Reason
from node_api.cli.rules_output import rules_sections
from node_api.cli.staff import staffed
from node_api.domain.errors import DomainError
from node_api.domain.ids import UnixSeconds
from node_api.domain.regions import pack_region
from node_api.record import Record, open_record
from node_api.services.auditing import find_programme
from node_api.services.changing_rules import RulesChange, activation, ending, proposal
from node_api.services.ports.indexing import IndexForeign, PageUnsettled
from node_api.services.ports.reading import IndexEmpty
from node_api.services.ports.treasury_terms import WideningTerms
from node_api.services.rules_standing import RulesStanding, rules_standing

F = TypeVar("F", bound=Callable[..., None])
_WHY = click.option("--reason", type=Reason(), required=True, help="Why; kept on chain.")
Planner = Callable[[RulesStanding], RulesChange]

# option → what it says; the names are those of RulesTerms
_TERMS = {
    "max_deadline": "Most seconds that a code's deadline lies ahead.",
    "reversal_window": "Seconds in which a merchant may take a redemption back.",
    "dispute_window": "Seconds in which it may be disputed.",
    "step_up_threshold": "Sum above which a redemption needs an attestor's consent.",
    "merchant_daily_limit": "Most redeemed at a merchant on one day under one budget line.",
    "redemption_amount": "Most that a holder spends in one redemption.",
    "redemption_count": "Most vouchers of a holder in one redemption.",
    "day_amount": "Most that a holder spends on one day.",
    "day_count": "Most vouchers of a holder on one day.",
    "month_amount": "Most that a holder spends in one month.",
    "month_count": "Most vouchers of a holder in one month.",
    "open_seconds": "Most seconds that the deadline of a code that names no merchant lies ahead; at most 300.",
    "open_max_bill": "Highest bill of a code that names no merchant.",
    "transfer_amount": "Most that a holder passes on at once, where vouchers are transferable; by face value.",
    "transfer_month_amount": "Most that a holder passes on in one month; by face value.",
}


def _term_options(command: F) -> F:
    for name, told in reversed(_TERMS.items()):
        command = click.option(f"--{name.replace('_', '-')}", type=click.IntRange(min=0), help=f"{told} 0 is none.")(
            command
        )
    return command


@click.group(name="rules")
def cli() -> None:
    """Versions of a programme's rules. PROGRAMME is a number or a text reference; amounts are in the token's smallest unit."""


@cli.command()
@click.argument("programme")
@click.option("--at", "moment", help="Unix seconds, or ISO 8601; without a zone, the programme's own.")
@shared_options
def show(shared: Shared, programme: str, moment: str | None) -> None:
    """Tell which rules stood at a time, set by whom, and why, with every version proposed by then."""
    with _told(shared) as record, record.reads.at_head() as reader:
        found = find_programme(reader, programme)
        standing = rules_standing(reader, programme, _moment(moment, found.utc_offset_minutes))
    print_report(shared, False, {"rules": standing}, rules_sections(standing))


@cli.command()
@click.argument("programme")
@_WHY
@_term_options
@click.option(
    "--first-only/--not-first-only", default=None, help="Only as a holder's first redemption in the programme."
)
@click.option("--transferable/--not-transferable", default=None, help="Whether holders may pass vouchers on.")
@click.option("--widen-category", "categories", multiple=True, type=click.IntRange(0, 63), help="Opened for good.")
@click.option(
    "--widen-region", "regions", multiple=True, help="Opened for good; digits of the code, '' for everywhere."
)
@click.option("--widen-channel", "channels", multiple=True, type=click.IntRange(0, 7), help="Opened for good.")
@shared_options
def propose(
    shared: Shared,
    /,
    programme: str,
    reason: str,
    first_only: bool | None,
    transferable: bool | None,
    categories: tuple[int, ...],
    regions: tuple[str, ...],
    channels: tuple[int, ...],
    **terms: int | None,
) -> None:
    """Propose the next version: the terms in force, but for what the options change. It waits seven days. As TREASURER."""
    try:
        packed = tuple(pack_region(region) for region in regions)
    except ValueError as fault:
        raise click.BadParameter(str(fault), param_hint="--widen-region") from fault
    widening = WideningTerms(_mask(categories), packed, _mask(channels))
    changed = {name: value for name, value in terms.items() if value is not None}
    given = {"first_only": first_only, "transferable": transferable}
    switches = {name: value for name, value in given.items() if value is not None}
    _change(shared, programme, lambda standing: proposal(standing, changed, switches, widening, reason))


@cli.command()
@click.argument("programme")
@click.argument("version", type=click.IntRange(min=2))
@shared_options
def activate(shared: Shared, programme: str, version: int) -> None:
    """Activate VERSION once its notice is over. As APPROVER."""
    _change(shared, programme, lambda standing: activation(standing, version))


@cli.command()
@click.argument("programme")
@click.argument("version", type=click.IntRange(min=2))
@_WHY
@shared_options
def withdraw(shared: Shared, programme: str, version: int, reason: str) -> None:
    """Take VERSION back while it waits. As TREASURER."""
    _change(shared, programme, lambda standing: ending(standing, version, reason, by_treasurer=True))


@cli.command()
@click.argument("programme")
@click.argument("version", type=click.IntRange(min=2))
@_WHY
@shared_options
def reject(shared: Shared, programme: str, version: int, reason: str) -> None:
    """Turn VERSION down while it waits. As APPROVER."""
    _change(shared, programme, lambda standing: ending(standing, version, reason, by_treasurer=False))


def _change(shared: Shared, programme: str, plan: Planner) -> None:
    """Plans on the record as it stands, carries the command out unless it was before, and tells the version."""
    with staffed(shared) as staff:
        with staff.reader() as reader:
            change = plan(rules_standing(reader, programme))
        transaction = None
        if change.command is not None:
            if change.before is not None:  # in a block before the next one is sent, which must not land without it
                staff.send(change.before)
            transaction = staff.send(change.command).transaction
        with staff.reader() as reader:
            standing = rules_standing(reader, programme)
    version, state = next((one, state) for one, state in standing.versions if one.version == change.version)
    fields: dict[str, object] = {
        "programme": standing.programme.id,
        "version": version.version,
        "state": state.value,
        "ripe_at": version.ripe_at,
        "terms": plain(version.rules),
        "widening": plain(version.widening),
        "transaction": transaction,
    }
    done = "" if transaction else " already"
    shared.tell(fields, f"version {version.version} of programme {standing.programme.ref} is{done} {state.value}")


@contextmanager
def _told(shared: Shared) -> Iterator[Record]:
    """The record, brought up to the chain; faults become exit codes."""
    record: Record | None = None
    try:
        record = open_record(shared.settings, open_deployed_chain(shared.settings))
        record.indexer.catch_up()
        yield record
    except (DomainError, IndexEmpty, IndexForeign) as fault:
        fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    except PageUnsettled as fault:
        fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=shared.as_json)
    finally:
        if record is not None:
            record.close()


def _moment(given: str | None, offset_minutes: int) -> UnixSeconds | None:
    if given is None:
        return None
    if given.isascii() and given.isdigit():
        return UnixSeconds(min(int(given), (1 << 40) - 1))
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as fault:
        raise click.BadParameter(f"{given!r} is neither Unix seconds nor ISO 8601", param_hint="--at") from fault
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    return UnixSeconds(max(int(moment.timestamp()), 0))


def _mask(numbers: tuple[int, ...]) -> int:
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask
