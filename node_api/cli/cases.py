"""`vouchertrail cases`: reversals and disputes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import orjson
import rich_click as click
from eth_utils.crypto import keccak

from node_api.cases import case_work, fresh_reads
from node_api.chain.documents import case_document
from node_api.cli.audit_output import plain, print_report
from node_api.cli.case_sections import case_sections
from node_api.cli.deploy import open_deployed_chain
from node_api.cli.keys import key_ring
from node_api.cli.options import FAULT, NUMBER, Shared, fail, shared_options
from node_api.cli.places import PLACE_COMMANDS
from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.cases import Dispute, Reversal
from node_api.domain.errors import DomainError, RedemptionUnknown
from node_api.domain.ids import Address, Hash, MerchantId, UnixSeconds
from node_api.domain.models import Redemption
from node_api.record import Follower, Record, open_record
from node_api.services.casework import CaseWork
from node_api.services.fresh import FreshReads
from node_api.services.ports.casework import Statement
from node_api.storage.engine import open_database

F = TypeVar("F", bound=Callable[..., None])

_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class _Desk:
    """Everything opened."""

    record: Record
    fresh: FreshReads
    work: CaseWork

    def redemption(self, number: int) -> Redemption:
        """The redemption of this number. Raises RedemptionUnknown."""
        with self.fresh.open() as (reader, _):
            done = reader.redemption(number)
        if done is None:
            raise RedemptionUnknown(f"redemption number {number}")
        return done


@click.group(name="cases")
def cli() -> None:
    """Take redemptions back, dispute them, decide disputes; give places that nobody took up to others."""


for _command in PLACE_COMMANDS:
    cli.add_command(_command)


def _reason(command: F) -> F:
    return click.option("--reason", required=True, help="Its text; the chain gets its keccak256.")(command)


def _signed(command: F) -> F:
    deadline = click.option("--deadline", type=click.IntRange(min=1), help="Unix seconds, as signed; exclusive.")
    return deadline(click.option("--signature", help="0x-hex over the document; see `document`.")(command))


@cli.command(name="list")
@click.option("--merchant", type=click.IntRange(1, (1 << 32) - 1), help="Only of this merchant.")
@click.option("--open", "only_open", is_flag=True, help="Only disputes that are not decided.")
@shared_options
def list_command(shared: Shared, merchant: int | None, only_open: bool) -> None:
    """List disputes and reversals, a thousand of each at most."""
    of = None if merchant is None else MerchantId(merchant)
    with _opened(shared) as desk, desk.fresh.open() as (reader, _):
        disputes = reader.disputes(merchant=of, only_open=only_open, limit=1_000)
        reversals = [] if only_open else reader.reversals(merchant=of, limit=1_000)
    print_report(shared, False, {"disputes": disputes, "reversals": reversals}, case_sections(disputes, reversals))


@cli.command()
@click.argument("number", type=NUMBER)
@click.option("--kind", type=click.Choice(["reversal", "dispute"]), required=True, help="What is to be signed.")
@click.option("--deadline", type=click.IntRange(min=1), help="Unix seconds, exclusive; an hour from now unless told.")
@_reason
@shared_options
def document(shared: Shared, number: int, kind: str, deadline: int | None, reason: str) -> None:
    """Print the EIP-712 document that a party signs about redemption NUMBER."""
    with _opened(shared) as desk:
        done = desk.redemption(number)
        vouchers = Address(desk.record.deployment.address("Vouchers"))
        until = deadline or int(time.time()) + _HOUR
        said = (done.digest, done.voucher, _hash(reason), until)
        click.echo(
            orjson.dumps(case_document(desk.record.handle.chain_id, vouchers, kind.capitalize(), *said)).decode()
        )


@cli.command()
@click.argument("number", type=NUMBER)
@click.option(
    "--later-day", type=click.IntRange(1, (1 << 24) - 1), help="Pays where the redemption's own day was settled."
)
@_signed
@_reason
@shared_options
def reverse(
    shared: Shared, number: int, later_day: int | None, deadline: int | None, signature: str | None, reason: str
) -> None:
    """Take redemption NUMBER back: by the merchant's signature, else by this node's arbiter. Safe to call twice."""
    with _opened(shared) as desk:
        said = _statement(desk.redemption(number), reason, deadline, signature)
        key = _key("reversal", number, reason, later_day, deadline, signature)
        done, _ = desk.work.reverse(_CALLER, key, key, said, later_day or 0)
    _tell(
        shared, done, f"redemption {number} is reversed; voucher {done.voucher} is {'live' if done.live else 'expired'}"
    )


@cli.command()
@click.argument("number", type=NUMBER)
@_signed
@_reason
@shared_options
def dispute(shared: Shared, number: int, deadline: int | None, signature: str | None, reason: str) -> None:
    """Dispute redemption NUMBER by its holder's or merchant's signature. Safe to call twice."""
    if deadline is None or signature is None:
        raise click.UsageError("a dispute needs --deadline and --signature of its holder or merchant")
    with _opened(shared) as desk:
        said = _statement(desk.redemption(number), reason, deadline, signature)
        key = _key("dispute", number, reason, deadline, signature)
        found, _ = desk.work.dispute(_CALLER, key, key, said)
    _tell(
        shared,
        found,
        f"dispute {found.id} over redemption {number} is {found.state}, to be decided by {found.decide_by}",
    )


@cli.command()
@click.argument("number", metavar="DISPUTE", type=NUMBER)
@click.option("--stands/--reverse", "stands", required=True, help="For the merchant, or for the holder.")
@_reason
@shared_options
def decide(shared: Shared, number: int, stands: bool, reason: str) -> None:
    """Decide a DISPUTE as this node's arbiter; after its time the redemption can only stand. Safe to call twice."""
    with _opened(shared) as desk:
        key = _key("decision", number, stands, reason)
        found, _ = desk.work.decide(_CALLER, key, key, number, stands=stands, reason=_hash(reason))
    _tell(shared, found, f"dispute {number}: {found.state}")


_CALLER = ApiKey("command-line", ApiRole.ARBITER, None, "command line", UnixSeconds(0))


def _statement(done: Redemption, reason: str, deadline: int | None, signature: str | None) -> Statement:
    if (deadline is None) != (signature is None):
        raise click.UsageError("--signature comes with its --deadline")
    try:
        raw = None if signature is None else bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raise click.BadParameter("--signature is 0x and hexadecimal digits") from None
    return Statement(done.digest, done.voucher, _hash(reason), UnixSeconds(deadline or 0), raw)


def _hash(reason: str) -> Hash:
    return Hash("0x" + keccak(text=reason).hex())


def _key(*parts: object) -> str:
    """The same command again is the same request."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _tell(shared: Shared, found: Reversal | Dispute, line: str) -> None:
    told = plain(found)
    assert isinstance(told, dict)
    shared.tell(told, line)


@contextmanager
def _opened(shared: Shared) -> Iterator[_Desk]:
    """The record and the way to the case desk; refusals become exit code 1."""
    record = open_record(shared.settings, open_deployed_chain(shared.settings))
    durable = open_database(shared.settings.database_url)
    try:
        fresh = fresh_reads(record, Follower(record.indexer))
        yield _Desk(record, fresh, case_work(record, fresh, key_ring(shared.settings), durable))
    except DomainError as error:
        fail(str(error), FAULT, kind=error.name, as_json=shared.as_json)
    finally:
        durable.dispose()
        record.close()
