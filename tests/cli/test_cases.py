"""`vouchertrail cases` on a chain of its own, as a person or a program calls it.

cases
├── document ........ what a party signs, with the reason hashed
├── reverse ......... by the merchant's signature; again: the same; a second one, an arbiter too early: 1, with rule and remedy
├── dispute ......... by the holder's signature; without one: 2
├── decide .......... by the node's arbiter; again: the same; otherwise: 1
├── list ............ both, for people and programs
└── any of them ...... of a number that no redemption can have: 2
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from eth_account import Account

from node_api.__main__ import cli
from node_api.chain.keys import KeyRing, KeyRole
from tests.world import CHAIN_ID, STARTS_AT, World

FAR = str(2 * STARTS_AT)


class Office:
    """A node of its own beside the chain, with the chain's role keys."""

    def __init__(self, world: World, data: Path) -> None:
        self.world, self.data = world, data

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["cases", *arguments, "--data", str(self.data)])

    def signed(self, number: int, kind: str, reason: str, key: bytes) -> tuple[str, ...]:
        """Options that carry a signature over the document."""
        shown = self.run("document", str(number), "--kind", kind, "--reason", reason, "--deadline", FAR)
        document: dict[str, Any] = json.loads(shown.output)
        signature = Account.sign_typed_data(key, full_message=document).signature.hex()
        return "--reason", reason, "--deadline", FAR, "--signature", "0x" + signature.removeprefix("0x")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    data = tmp_path_factory.mktemp("office")
    keys = KeyRing(data / "keys")
    keys.create_missing()
    world = World(data / "chain", keys).start()  # type: ignore[arg-type]
    world.fund()
    world.issue()
    world.redeem_first_pair(STARTS_AT + 100)
    settings = {"CHAIN_URL": world.rpc.url, "CHAIN_ID": str(CHAIN_ID), "DEPLOYMENTS": str(world.folder / "deployments")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"VOUCHERTRAIL_{name}", value)
        yield Office(world, data)
    world.stop()


def test_reverse__by_the_merchant__is_done_once(office: Office) -> None:
    key = bytes(office.world.roles.account(KeyRole.EMERGENCY).key)
    signed = office.signed(1, "reversal", "wrong dish", key)

    first = office.run("reverse", "1", *signed, "--json")

    assert first.exit_code == 0, first.output
    told = json.loads(first.output)
    assert (told["number"], told["live"]) == (1, True)
    again = office.run("reverse", "1", *signed)
    assert again.exit_code == 0, again.output
    assert "redemption 1 is reversed" in again.output
    other = office.run("reverse", "1", *office.signed(1, "reversal", "another reason", key))
    assert other.exit_code == 1
    assert "CaseDesk_ReversedBefore" in other.output
    early = office.run("reverse", "2", "--reason", "no", "--json")
    assert early.exit_code == 1
    assert json.loads(early.output)["error"] == "CaseDesk_ReversalWindowOpen"
    assert office.run("reverse", "999", "--reason", "no").exit_code == 1


@pytest.mark.parametrize("command", ["document", "reverse", "dispute", "decide"])
def test_number__that_no_redemption_can_have__is_wrong_use(office: Office, command: str) -> None:
    done = office.run(command, str(1 << 63))
    assert done.exit_code == 2
    assert "is not in the range" in done.output


def test_dispute__by_the_holder__is_decided_once(office: Office) -> None:
    signed = office.signed(2, "dispute", "never there", office.world.holders[0].secret)

    opened = office.run("dispute", "2", *signed, "--json")

    assert opened.exit_code == 0, opened.output
    told = json.loads(opened.output)
    assert (told["id"], told["number"], told["decision"]) == (1, 2, None)
    assert office.run("dispute", "2", *signed).exit_code == 0
    assert office.run("dispute", "2", "--reason", "unsigned").exit_code == 2
    decided = office.run("decide", "1", "--reverse", "--reason", "the holder is right", "--json")
    assert decided.exit_code == 0, decided.output
    assert json.loads(decided.output)["decision"]["stands"] is False
    assert office.run("decide", "1", "--reverse", "--reason", "the holder is right").exit_code == 0
    assert office.run("decide", "1", "--stands", "--reason", "or not").exit_code == 1
    listed = json.loads(office.run("list", "--json").output)
    assert [one["id"] for one in listed["disputes"]] == [1]
    assert 2 in [one["number"] for one in listed["reversals"]]
    assert "reversed" in office.run("list").output
    assert json.loads(office.run("list", "--open", "--json").output)["disputes"] == []
