"""`vouchertrail bookings` on a chain of its own, as a person or a program calls it.

bookings
├── list ............ what is booked, for people and programs; of another merchant: nothing
└── lapse
    ├── before the lapse: nothing; after it: released, and the voucher live; again: nothing
    └── behind a thousand that have not lapsed: released
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.chain.eip712 import booking_digest, sign
from node_api.chain.keys import KeyRing, KeyRole
from node_api.domain.ids import Amount, BatchId, Hash, MerchantId, Place, RollId, UnixSeconds, VoucherId, voucher_id
from node_api.domain.items import Spend
from node_api.domain.reservations import Reservation
from tests.world import BEIJING, CATERING, CHAIN_ID, ENDS_AT, FACE_A, STARTS_AT, TRAVEL, World

BOOKED_AT, LAPSE_AT = STARTS_AT + 200, STARTS_AT + 10_000
SERVICE = Hash("0x" + "ab" * 32)


class Office:
    """A node of its own beside the chain."""

    def __init__(self, world: World, data: Path) -> None:
        self.world, self.data = world, data

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["bookings", *arguments, "--data", str(self.data)])

    def book(self) -> str:
        """The first holder's voucher of the first pair, booked at merchant 1; its digest."""
        spends = (Spend(VoucherId(self.world.voucher(1, 1, 0)), Amount(FACE_A)),)
        self.world.at(BOOKED_AT)
        return self.book_all(spends, BOOKED_AT, LAPSE_AT)

    def book_all(self, spends: tuple[Spend, ...], now: int, lapse_at: int) -> str:
        """The first holder's vouchers, booked at merchant 1; the booking's digest."""
        deadline = UnixSeconds(now + 60)
        wanted = Reservation(spends, MerchantId(1), SERVICE, 0, UnixSeconds(lapse_at), deadline)
        digest = booking_digest(self.world.domain, wanted)
        signature = sign(self.world.holders[0], digest)
        spent = [(one.voucher, one.amount, one.sequence) for one in spends]
        reservation = (spent, lapse_at, bytes.fromhex(SERVICE[2:]), 0, deadline, signature)
        self.world.send(KeyRole.OPERATOR, "Vouchers", "book", [(1, [reservation])], [])
        return "0x" + digest.hex()

    def issue(self, places: int, face: int) -> list[VoucherId]:
        """Further vouchers of the first holder; their numbers."""
        world, treasurer = self.world, KeyRole.TREASURER
        terms = (1, 2, 0, face, 0, 0, CATERING | TRAVEL, BEIJING, 1, STARTS_AT, ENDS_AT, 0, places)
        world.send(treasurer, "Vouchers", "openBatches", ["many"], [terms])
        holders = bytes.fromhex(world.holder_addresses[0][2:]) * places
        world.send(treasurer, "Vouchers", "writeRoll", 1, "many", 2, holders)
        batch, roll = BatchId(world.last_batch()), RollId(world.last_roll())
        world.send(treasurer, "Vouchers", "issue", [batch], [roll])
        return [voucher_id(batch, roll, Place(place)) for place in range(places)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    data = tmp_path_factory.mktemp("office")
    keys = KeyRing(data / "keys")
    keys.create_missing()
    world = World(data / "chain", keys).start()  # type: ignore[arg-type]
    world.fund()
    world.issue()
    settings = {"CHAIN_URL": world.rpc.url, "CHAIN_ID": str(CHAIN_ID), "DEPLOYMENTS": str(world.folder / "deployments")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"VOUCHERTRAIL_{name}", value)
        yield Office(world, data)
    world.stop()


def test_bookings__listed_and_lapsed__are_let_go_once(office: Office) -> None:
    digest = office.book()

    told = json.loads(office.run("list", "--open", "--json").output)["bookings"]

    assert [(one["digest"], one["captured"], one["released"]) for one in told] == [(digest, None, None)]
    shown = office.run("list")
    assert (shown.exit_code, "Bookings" in shown.output) == (0, True)
    assert json.loads(office.run("list", "--merchant", "2", "--json").output)["bookings"] == []
    office.world.at(LAPSE_AT)
    office.world.mine()

    done = office.run("lapse")

    assert (done.exit_code, done.output.strip()) == (0, "1 booked vouchers released"), done.output
    assert json.loads(office.run("list", "--open", "--json").output)["bookings"] == []
    again = office.run("lapse", "--json")
    assert (again.exit_code, json.loads(again.output)["released"]) == (0, [])


def test_lapse__of_what_was_booked_behind_a_thousand_that_still_hold__releases_it(office: Office) -> None:
    spends = [Spend(voucher, Amount(10)) for voucher in office.issue(1_001, 10)]
    now = LAPSE_AT + 100
    office.world.at(now)
    for at in range(0, 1_000, 100):
        office.book_all(tuple(spends[at : at + 100]), now, ENDS_AT)
    lapsed = office.book_all((spends[1_000],), now, now + 600)
    assert json.loads(office.run("lapse", "--json").output)["released"] == []
    office.world.at(now + 600)
    office.world.mine()

    done = json.loads(office.run("lapse", "--json").output)["released"]

    assert [(one["digest"], one["voucher"]) for one in done] == [(lapsed, str(spends[1_000].voucher))]
    assert json.loads(office.run("lapse", "--json").output)["released"] == []
