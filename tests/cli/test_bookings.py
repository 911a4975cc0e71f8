"""`vouchertrail bookings` on a chain of its own, as a person or a program calls it.

bookings
├── list ............ what is booked, for people and programs; of another merchant: nothing
└── lapse ........... before the lapse: nothing; after it: released, and the voucher live; again: nothing
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
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Spend
from node_api.domain.reservations import Reservation
from tests.world import CHAIN_ID, FACE_A, STARTS_AT, World

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
        deadline = UnixSeconds(BOOKED_AT + 60)
        wanted = Reservation(spends, MerchantId(1), SERVICE, 0, UnixSeconds(LAPSE_AT), deadline)
        digest = booking_digest(self.world.domain, wanted)
        signature = sign(self.world.holders[0], digest)
        spent = [(one.voucher, one.amount, one.sequence) for one in spends]
        reservation = (spent, LAPSE_AT, bytes.fromhex(SERVICE[2:]), 0, deadline, signature)
        self.world.at(BOOKED_AT)
        self.world.send(KeyRole.OPERATOR, "Vouchers", "book", [(1, [reservation])], [])
        return "0x" + digest.hex()


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
