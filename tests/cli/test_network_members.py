"""`vouchertrail network admit|dismiss|join|restart` and `network validator …` as a user types them, and as a program reads them.

admit, dismiss → what is to be done next; a bad entry → exit code 2
validator list, propose, remove, withdraw → validators with their names; refused, mistyped → 2; nobody answers → 3
validator key, switch → refused until the chain lets the key seal
validator backup, restore, hold, release → files, and why not yet
join → equal; differs → 1; not in time, no voucher node, no addresses → 3
restart, up and down of one node → refused where the network does not run
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.chain.deployment.addresses import DeployedContract, Deployment, write_deployment
from node_api.cli import network_members
from node_api.network.files import read_network
from tests.network.besu_answers import Answers, answering
from tests.network.conftest import MEMBERS

Run = Callable[..., Result]
BANK = '[[organisation]]\nname = "bank"\n'
OTHER = "0x" + "f" * 40


@pytest.fixture
def answers() -> Answers:
    """Of the node at treasury's port; the tests add to them."""
    return {}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Answers) -> Iterator[Run]:
    """A network of three whose treasury has its validator answer."""
    monkeypatch.setenv("VOUCHERTRAIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Result:
        return CliRunner(mix_stderr=False).invoke(cli, ["network", *arguments])

    with answering(answers) as url:
        port = url.rpartition(":")[2]
        (tmp_path / "members.toml").write_text(
            "".join(f'[[organisation]]\nname = "{name}"\n' for name in MEMBERS[:3]).replace(
                '"treasury"\n', f'"treasury"\nrpc_port = {port}\n'
            )
        )
        (tmp_path / "bank.toml").write_text(BANK)
        assert command("create", "city", "--engine", "geth-clique", "--organisations", "members.toml").exit_code == 0
        network = read_network(tmp_path / "data" / "networks" / "city")
        answers |= {
            "clique_getSigners": list(network.validators),
            "clique_proposals": {OTHER: True},
            "clique_propose": True,
            "clique_discard": True,
        }
        yield command


def parsed(done: Result, code: int = 0) -> dict[str, object]:
    assert done.exit_code == code, done.output + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_admit__when_a_member_comes_and_goes__then_what_is_next(run: Run) -> None:
    done = run("admit", "bank.toml")
    assert "bank taken in" in done.stdout
    assert "vouchertrail network validator propose 0x" in done.stdout
    assert parsed(run("admit", "bank.toml", "--json"))["members"] == [*MEMBERS[:3], "bank"]
    assert "bank is no member any more" in run("dismiss", "bank").stdout
    assert parsed(run("dismiss", "bank", "--json"), 2)["error"] == "NotAMember"


def test_admit__when_the_entry_is_bad__then_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bank.toml").write_text(BANK + "p2p_port = 1\n")
    assert parsed(run("admit", "bank.toml", "--json"), 2)["error"] == "PlanRefused"


def test_votes__when_cast__then_told_who_may_seal(run: Run) -> None:
    done = run("validator", "list")
    assert done.stdout.startswith("3 validators:")
    assert all(f"  {name}\n" in done.stdout for name in MEMBERS[:3])
    assert f"votes to let in {OTHER}" in done.stdout
    account = run("validator", "list", "--member", "regulator").stdout.strip()
    assert len(account) == 42
    assert (
        parsed(run("validator", "propose", OTHER, "--organisation", "treasury", "--json"), 2)["error"] == "PlanRefused"
    )
    done = run("validator", "propose", OTHER, "--organisation", "treasury", "--accept", "even-signers")
    assert done.exit_code == 0
    weak = ("--accept", "even-signers", "--accept", "no-fault-tolerated")
    assert parsed(run("validator", "remove", account, "--organisation", "treasury", *weak, "--json"))["votes"] == {
        OTHER: True
    }
    assert run("validator", "withdraw", OTHER, "--organisation", "treasury").exit_code == 0
    assert parsed(run("validator", "list", "--organisation", "nobody", "--json"), 2)["error"] == "NotAMember"


@pytest.mark.parametrize("vote", ["propose", "remove", "withdraw"])
def test_votes__when_the_account_is_mistyped__then_nobody_votes_for_it(run: Run, vote: str) -> None:
    account = run("validator", "list", "--member", "regulator").stdout.strip()
    mistyped = account[:-1] + ("0" if account[-1] != "0" else "1")
    for one in (mistyped, account[:-1], "bank"):
        accept = () if vote == "withdraw" else ("--accept", "even-signers")
        done = run("validator", vote, one, "--organisation", "treasury", *accept)
        assert (done.exit_code, done.stdout) == (2, "")


def test_votes__when_the_validator_does_not_answer__then_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_members, "BACK_SECONDS", 0.01)
    assert parsed(run("validator", "list", "--organisation", "merchants", "--json"), 3)["error"] == "RpcUnavailable"


def test_key__when_the_chain_lets_it_seal__then_switched(run: Run, answers: Answers) -> None:
    account = run("validator", "key", "treasury").stdout.strip()
    refused = parsed(run("validator", "switch", "treasury", "--json"), 2)
    assert refused["message"] == f"{account} may not seal yet: more than half of the validators have to propose it"
    answers["clique_getSigners"] = [account]
    assert parsed(run("validator", "switch", "treasury", "--json"))["account"] == account


def test_backup__when_restored__then_held_until_released(run: Run, tmp_path: Path, answers: Answers) -> None:
    assert run("validator", "backup", "treasury", "copy").exit_code == 0
    shutil.rmtree(tmp_path / "data" / "networks" / "city" / "treasury" / "validator")
    assert parsed(run("validator", "restore", "copy", "--json"))["organisation"] == "treasury"
    block = {"number": "0x5", "hash": "0x1", "timestamp": "0x1"}
    answers |= {"eth_getBlockByNumber": block, "eth_sign": "0x1", "miner_start": None}
    assert parsed(run("validator", "release", "treasury", "--seconds", "0.1", "--json"), 2)["error"] == "Held"
    assert parsed(run("validator", "release", "treasury", "--old-is-destroyed", "--json"))["released"] == "treasury"
    assert parsed(run("validator", "hold", "treasury", "--json"))["held"]


def test_join__when_compared__then_exit_code_says_how(run: Run, tmp_path: Path, answers: Answers) -> None:
    network = read_network(tmp_path / "data" / "networks" / "city")
    genesis, chain_id = network.genesis_hash, network.parameters.chain_id
    block = {"hash": genesis, "stateRoot": "0x2", "number": "0x5"}
    answers |= {"eth_blockNumber": "0x5", "eth_syncing": False, "eth_getBlockByNumber": block, "eth_getCode": "0x60"}
    contract = DeployedContract("Treasury", OTHER, "0x1", 3, "0x2")
    write_deployment(tmp_path, Deployment(chain_id, str(genesis), True, {"Treasury": contract}))
    with answering(dict(answers)) as other:
        arguments = ("join", other, "--beside", other, "--addresses", "addresses.json", "--json")
        findings = parsed(run(*arguments))["findings"]
        assert isinstance(findings, list)
        assert [one["what"] for one in findings] == [
            "block 0",
            "block 4",
            "state at block 4",
            "code of Treasury",
            "index",
        ]
        assert findings[-1]["state"] == "unknown"
        index_of = ("--index-of", "http://127.0.0.1:1")
        assert "not compared: give --index-of and --addresses" in run(*arguments[:-1]).stdout
        assert parsed(run(*arguments, *index_of), 3)["error"] == "IndexUntold"
        (tmp_path / "bad.json").write_text('{"contracts": []}')
        assert (
            parsed(run("join", other, "--beside", other, "--addresses", "bad.json", "--json"), 3)["error"]
            == "NotDeployed"
        )
        with answering(answers | {"eth_getCode": "0x61"}) as foreign:
            assert run("join", other, "--beside", foreign, "--addresses", "addresses.json").exit_code == 1
        with answering(answers | {"eth_getCode": "0x"}) as empty:
            assert run("join", empty, "--beside", empty, "--addresses", "addresses.json").exit_code == 1
        with answering(answers | {"eth_blockNumber": "0x8"}) as ahead:
            assert run("join", other, "--beside", ahead, "--seconds", "0").exit_code == 3
    with answering(answers | {"eth_getBlockByNumber": block | {"hash": "0x3"}}) as astray:
        assert run("join", astray, "--beside", astray).exit_code == 1
        assert parsed(run("join", astray, "--beside", astray, *index_of, "--json"), 2)["error"] == "Fault"
        told = run("join", astray, "--beside", astray, *index_of, "--addresses", "addresses.json")
        assert (told.exit_code, "not compared: what it is built from differs" in told.stdout) == (1, True)


@pytest.mark.parametrize("command", [("restart",), ("down", "--node", "treasury-validator")])
def test_local__when_the_network_does_not_run__then_said(run: Run, command: tuple[str, ...]) -> None:
    assert parsed(run(*command, "--json"), 3)["error"] == "NotRunning"
