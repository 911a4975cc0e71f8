"""`vouchertrail cases place-…` and `moves`, and transferable rules by `vouchertrail rules`, on a chain of its own.

places
├── place-propose ... once; a second receiver: 1, with rule and remedy
├── place-approve ... too early: 1; another receiver: 1
├── place-withdraw .. once
└── moves ........... transfers and places, for people and programs
rules propose --transferable sets the caps of the version it proposes; again: the same
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.chain.keys import KeyRing
from tests.world import CHAIN_ID, STARTS_AT, TRANSFERABLE, World

FRIEND, OTHER = "0x" + "51" * 20, "0x" + "52" * 20


class Office:
    """A node of its own beside the chain, with the chain's role keys."""

    def __init__(self, world: World, data: str) -> None:
        self.world, self.data = world, data

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--data", self.data])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    data = tmp_path_factory.mktemp("office")
    keys = KeyRing(data / "keys")
    keys.create_missing()
    world = World(data / "chain", keys).start()  # type: ignore[arg-type]
    world.fund(flags=TRANSFERABLE)
    world.issue()
    settings = {"CHAIN_URL": world.rpc.url, "CHAIN_ID": str(CHAIN_ID), "DEPLOYMENTS": str(world.folder / "deployments")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"VOUCHERTRAIL_{name}", value)
        yield Office(world, str(data))
    world.stop()


def test_place__proposed_and_approved_or_withdrawn__is_done_once(office: Office) -> None:
    propose = ("cases", "place-propose", "1", "3", FRIEND, "--reason", "moved away")
    first = office.run(*propose, "--json")
    assert first.exit_code == 0, first.output
    assert json.loads(first.output)["done"] is True
    assert "nothing to do" in office.run(*propose).output
    second = office.run("cases", "place-propose", "1", "3", OTHER, "--reason", "no")
    assert second.exit_code == 1
    assert "CaseDesk_ReassignmentOpen" in second.output
    early = office.run("cases", "place-approve", "1", "3", FRIEND, "--json")
    assert early.exit_code == 1
    assert json.loads(early.output)["error"] == "CaseDesk_TooEarly"
    assert "CaseDesk_ReassignmentDiffers" in office.run("cases", "place-approve", "1", "3", OTHER).output
    withdraw = ("cases", "place-withdraw", "1", "3", "--reason", "came back")
    assert office.run(*withdraw).exit_code == 0
    assert "nothing to do" in office.run(*withdraw).output


def test_place__when_it_is_ripe__is_given(office: Office) -> None:
    world = office.world
    assert office.run("cases", "place-propose", "1", "2", FRIEND, "--reason", "moved away").exit_code == 0
    world.at(STARTS_AT + 9 * 86_400)
    world.mine()
    approve = ("cases", "place-approve", "1", "2", FRIEND)
    given = office.run(*approve)
    assert given.exit_code == 0, given.output
    assert "nothing to do" in office.run(*approve).output
    world.transfer(world.voucher(1, 1, 0), 0, FRIEND)  # type: ignore[arg-type]
    told = json.loads(office.run("cases", "moves", "--json").output)
    assert [one["voucher"] for one in told["transfers"]] == [str(world.voucher(1, 1, 0))]
    assert [one["name"] for one in told["places"]][-2:] == ["proposed", "reassigned"]
    shown = office.run("cases", "moves", "--holder", FRIEND).output
    assert "moved away" in shown
    assert "Passed on" in shown
    assert json.loads(office.run("cases", "moves", "--holder", OTHER, "--json").output)["transfers"] == []


def test_rules__proposed_as_transferable__have_their_caps(office: Office) -> None:
    terms = ("--transferable", "--transfer-amount", "700", "--transfer-month-amount", "900")
    propose = ("rules", "propose", "programme-Travel", "--reason", "let friends travel", *terms)
    first = office.run(*propose, "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.output)["terms"]
    assert (told["transferable"], told["transfer_amount"], told["transfer_month_amount"]) == (True, 700, 900)
    again = json.loads(office.run(*propose, "--json").output)
    assert again["transaction"] is None
    shown = office.run("rules", "show", "programme-Travel").output
    assert "transfer_month_amount" in shown
