"""What the commands of auditors and of the emergency lane share: the record, the desk, times, the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import rich_click as click

from node_api.chain.head import Head
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import FAULT, Shared, fail
from node_api.domain.errors import DomainError
from node_api.domain.ids import UnixSeconds
from node_api.oversight import oversight
from node_api.record import Follower, open_record
from node_api.services.fresh import FreshReads
from node_api.services.oversight import Oversight
from node_api.services.ports.oversight import Order

F = TypeVar("F", bound=Callable[..., None])
_LATEST = 1 << 40
_MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Office:
    """Everything opened."""

    fresh: FreshReads
    work: Oversight


class Moment(click.ParamType):
    """Unix seconds, or an ISO 8601 time with its zone."""

    name = "TIME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> UnixSeconds:
        """The time in Unix seconds."""
        if value.isascii() and value.isdigit() and int(value) < _LATEST:
            return UnixSeconds(int(value))
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither Unix seconds nor an ISO 8601 time", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} names no zone: end it with Z or an offset like +08:00", param, ctx)
        if moment.timestamp() < 0:
            self.fail(f"{value!r} lies before 1970: no chain has such a time", param, ctx)
        return UnixSeconds(int(moment.timestamp()))


class Reason(click.ParamType):
    """Why something is done, as the HTTP API takes it: 1 to 500 characters, of which every one can be shown."""

    name = "TEXT"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it is."""
        if not 0 < len(value) <= _MOST_REASON or not value.isprintable():
            self.fail(f"a reason has 1 to {_MOST_REASON} printable characters", param, ctx)
        return value


def until_option(command: F) -> F:
    """`--until`, exclusive."""
    text = "Its end, exclusive: Unix seconds, or ISO 8601 with the zone."
    return click.option("--until", type=Moment(), required=True, help=text)(command)


def reason_option(command: F) -> F:
    """`--reason`, which stands on chain."""
    return click.option("--reason", type=Reason(), required=True, help="Stands on chain for ever: name no person.")(
        command
    )


@contextmanager
def opened(shared: Shared) -> Iterator[Office]:
    """The record and the way to the contracts; refusals become exit code 1."""
    record = open_record(shared.settings, open_deployed_chain(shared.settings))
    try:
        head = Head(record.rpc, movable_clock=record.handle.embedded)
        fresh = FreshReads(record.reads, head, Follower(record.indexer))
        yield Office(fresh, oversight(record, fresh, key_ring(shared.settings)))
    except DomainError as error:
        fail(str(error), FAULT, kind=error.name, as_json=shared.as_json)
    finally:
        record.close()


def act(shared: Shared, order: Order, done: str) -> None:
    """Carries an order out and says so; an order that stands in the record already is not sent again."""
    with opened(shared) as office:
        sent, block = office.work.act(order)
    shared.tell({"sent": sent, "block": block.number}, done if sent else f"{done} (already, at block {block.number})")


def shown(moment: int) -> str:
    """A time for people; an end that no clock reaches is none."""
    if moment >= _LATEST - 1:
        return "until lifted"
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if moment else ""
