"""What the staff's commands share: the keys and the record opened together, one command sent, values parsed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import rich_click as click
from eth_utils.address import is_checksum_address, is_hex_address

from node_api.cli.options import CHAIN_FAULT, FAULT, Shared, fail
from node_api.cli.treasury import TreasuryOffice, open_treasury, treasury_lock
from node_api.domain.errors import DomainError
from node_api.domain.ids import Address, Hash
from node_api.domain.importing import values
from node_api.domain.importing.faults import BadValue
from node_api.record import Record, open_record
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.indexing import IndexForeign, PageUnsettled
from node_api.services.ports.reading import IndexEmpty
from node_api.services.ports.treasury import Carried, Command, CommandRefused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Staff:
    """The role keys and the record, for the length of a command."""

    shared: Shared
    office: TreasuryOffice
    record: Record

    @contextmanager
    def reader(self) -> Iterator[AuditReader]:
        """A reader on the chain's newest block."""
        self.record.indexer.catch_up()
        with self.record.reads.at_head() as reader:
            yield reader

    def send(self, command: Command) -> Carried:
        """Carries a command out.

        Raises:
            CommandRefused: a contract said no.
        """
        (carried,) = self.office.desk.carry_out([command])
        return carried


@contextmanager
def staffed(shared: Shared, *, sends: bool = True) -> Iterator[Staff]:
    """Opens keys and record; what is refused or unknown ends the command with exit code 1.

    A command that only looks neither waits for one that sends nor keeps it waiting.
    """
    with treasury_lock(shared.settings) if sends else nullcontext():
        office = open_treasury(shared.settings, sends=sends)
        record: Record | None = None
        try:
            record = open_record(shared.settings, office.handle)
            yield Staff(shared, office, record)
        except CommandRefused as fault:
            fail(str(fault), FAULT, kind=fault.error or "CommandRefused", as_json=shared.as_json)
        except (DomainError, IndexEmpty, IndexForeign) as fault:
            fail(str(fault), FAULT, kind=type(fault).__name__, as_json=shared.as_json)
        except PageUnsettled as fault:
            fail(str(fault), CHAIN_FAULT, kind=type(fault).__name__, as_json=shared.as_json)
        finally:
            if record is not None:
                record.close()
            office.rpc.close()


def step(shared: Shared, done: str, already: str, decide: Callable[[AuditReader], Command | None]) -> None:
    """One step: sends the command that `decide` makes of the record, or tells that it is so already."""
    with staffed(shared) as staff:
        take(staff, done, already, decide)


def take(staff: Staff, done: str, already: str, decide: Callable[[AuditReader], Command | None]) -> None:
    """The same with keys and record open already."""
    with staff.reader() as reader:
        command = decide(reader)
    if command is None:
        staff.shared.tell({"done": False, "told": already}, f"nothing to do: {already}")
        return
    carried = staff.send(command)
    fields: dict[str, object] = {"done": True, "told": done}
    fields |= {"transaction": carried.transaction, "block": carried.block, "gas": carried.gas}
    staff.shared.tell(fields, f"{done}: transaction {carried.transaction} in block {carried.block}")


class Parsed(click.ParamType, Generic[T]):
    """A value as the import files write it."""

    def __init__(self, name: str, parse: Callable[[str], T]) -> None:
        self.name, self._parse = name, parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> T:
        """The parsed value; wrong use of the command where it breaks the rule."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # a default, parsed before
        try:
            return self._parse(value)
        except BadValue as bad:
            return self.fail(f"{value!r}: {bad.rule}; {bad.remedy}", param, ctx)


def _address(text: str) -> Address:
    lower = text.lower()
    if not is_hex_address(text) or not text.startswith("0x") or int(text, 16) == 0:
        raise BadValue("an address is 0x and 40 hexadecimal digits, not all zero", "copy it whole")
    if text != lower and not is_checksum_address(text):
        raise BadValue(
            "an address in mixed case carries its EIP-55 checksum", "copy it again, or write it in lower case"
        )
    return Address(lower)


def hash_of(what: str, text: str) -> Hash:
    """A hash that people know as `what`, in lower case. Raises BadValue."""
    if not re.fullmatch("0x[0-9a-fA-F]{64}", text):
        raise BadValue(f"a {what} is 0x and 64 hexadecimal digits", "copy it whole")
    return Hash(text.lower())


def hash_named(what: str) -> Parsed[Hash]:
    """A parameter of a command: a hash that people know as `what`."""
    return Parsed("hash", partial(hash_of, what))


ADDRESS = Parsed("address", _address)
CATEGORIES = Parsed("numbers", values.categories)
REGION = Parsed("region", values.region)
CHANNELS = Parsed("names", values.channels)
REASON = Parsed("text", values.text_of_people)
MONEY = Parsed("money", values.money(0, values.AMOUNT_MAX))
