"""`vouchertrail network` as a user types it, and as a program reads it.

create → made, again nothing; dry run writes nothing; a bad plan names value, rule and remedy, and writes nothing; prints no key
keys → public ones, in the form of the file of organisations, and the network takes them
sign, verify → exit codes; a signature made elsewhere
up, status, down → exit codes, what they tell
check → exit codes; a token goes to the node; no network, no node, no URL
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node_api.__main__ import cli
from node_api.network.files import read_network
from tests.network.besu_answers import answering
from tests.network.conftest import MEMBERS, at_free_ports, organisations, stand_in
from tests.network.test_check import answers

Run = Callable[..., Result]
FILE = "".join(f'[[organisation]]\nname = "{name}"\n' for name in MEMBERS[:3])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VOUCHERTRAIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "members.toml").write_text(FILE)

    def command(*arguments: str) -> Result:
        return CliRunner(mix_stderr=False).invoke(cli, ["network", *arguments])

    return command


def create(run: Run, *more: str, engine: str = "geth-clique") -> Result:
    return run("create", "city", "--engine", engine, "--organisations", "members.toml", *more)


def parsed(done: Result, code: int = 0) -> dict[str, object]:
    assert done.exit_code == code, done.output + done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_create__when_run_twice__then_made_once_and_no_key_is_shown(run: Run, tmp_path: Path) -> None:
    looked = parsed(create(run, "--dry-run", "--json"))
    assert not (tmp_path / "data").exists()
    assert "would make shared/network.json" in create(run, "--dry-run").stdout
    first = create(run)
    assert first.exit_code == 0
    made = parsed(create(run, "--json"))
    assert made["made"] == []
    folder = Path(str(made["folder"]))
    assert all((folder / str(path)).exists() for path in looked["would_make"])  # type: ignore[attr-defined]
    assert str(made["genesis_hash"]) in first.stdout
    for path in [*folder.rglob("*.key"), *folder.rglob("*.password")]:
        assert path.read_text() not in first.stdout + json.dumps(made)


def test_create__when_the_plan_is_bad__then_value_rule_and_remedy(run: Run, tmp_path: Path) -> None:
    fault = parsed(create(run, "--block-time", "0", "--json", engine="besu-qbft"), 2)
    assert fault["error"] == "PlanRefused"
    refusals = fault["refusals"]
    assert isinstance(refusals, list)
    assert [set(one) for one in refusals] == [{"value", "rule", "remedy"}] * 3
    assert refusals[-1]["value"] == "validators 3"
    assert "tolerate no fault" in refusals[-1]["rule"]
    assert not (tmp_path / "data").exists()
    assert create(run, "--block-time", "0").exit_code == 2
    parsed(create(run, "--json"))
    assert parsed(create(run, "--block-time", "2", "--json"), 2)["error"] == "PlanDiffers"
    (tmp_path / "members.toml").write_text("[[")
    assert parsed(create(run, "--json"), 2)["error"] == "NoNetwork"


def test_create__when_a_weakness_is_accepted__then_recorded(run: Run, tmp_path: Path) -> None:
    members = FILE.replace('"treasury"\n', '"treasury"\naccounts = ["0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc"]\n')
    (tmp_path / "members.toml").write_text(members)
    done = create(run, "--accept", "no-fault-tolerated", engine="besu-qbft")
    assert "accepted weakness: no-fault-tolerated" in done.stdout
    assert read_network(tmp_path / "data" / "networks" / "city").accepted == ("no-fault-tolerated",)


def test_keys__when_made_by_an_organisation__then_the_network_takes_them(run: Run, tmp_path: Path) -> None:
    table = run("keys", "city", "bank", "--engine", "geth-clique", "--role", "validator", "--role", "observer").stdout
    again = run("keys", "city", "bank", "--engine", "geth-clique", "--role", "validator", "--role", "observer").stdout
    assert table == again
    entry = f'[[organisation]]\nname = "bank"\nroles = ["validator", "observer"]\n{table}'
    two = "".join(f'[[organisation]]\nname = "{name}"\n' for name in MEMBERS[:2])
    (tmp_path / "members.toml").write_text(two + entry)
    made = parsed(create(run, "--json", "--data", str(tmp_path / "elsewhere")))
    assert not list((Path(str(made["folder"])) / "bank").rglob("*.key"))
    public = parsed(run("keys", "city", "bank", "--engine", "geth-clique", "--role", "validator", "--json"))["keys"]
    assert isinstance(public, dict)
    assert public["signer"] in made["validators"]  # type: ignore[operator]


def test_sign__when_all_have_signed__then_verified(run: Run, tmp_path: Path) -> None:
    folder = str(parsed(create(run, "--json"))["folder"])
    assert run("verify", folder).exit_code == 1
    signatures = [parsed(run("sign", folder, "--organisation", name, "--json")) for name in MEMBERS[:2]]
    assert run("verify", folder).exit_code == 1
    theirs = parsed(run("sign", f"{folder}/merchants", "--organisation", "merchants", "--json"))["signature"]
    assert parsed(run("sign", folder, "--organisation", "merchants", "--signature", "0xzz", "--json"), 2)
    stolen = ("--signature", str(signatures[0]["signature"]))
    assert parsed(run("sign", folder, "--organisation", "merchants", *stolen, "--json"), 1)["error"] == "SignatureFault"
    parsed(run("sign", folder, "--organisation", "merchants", "--signature", str(theirs), "--json"))
    signed = parsed(run("verify", folder, "--json"))["signed"]
    assert isinstance(signed, list)
    assert {one["state"] for one in signed} == {"signed"}
    (Path(folder) / "shared" / "genesis.json").write_text("{}")
    assert parsed(run("verify", folder, "--json"), 1)["error"] == "FilesDiffer"


def test_check__when_a_node_answers__then_compared(run: Run, tmp_path: Path) -> None:
    assert parsed(run("check", "http://127.0.0.1:1", "--json"), 2)["error"] == "NoNetwork"
    four = "".join(f'[[organisation]]\nname = "{name}"\n' for name in MEMBERS[:4])
    (tmp_path / "members.toml").write_text(f'{four}accounts = ["0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc"]\n')
    network = read_network(Path(str(parsed(create(run, "--json", engine="besu-qbft"))["folder"])))
    good = answers(network, net_peerCount="0x3") | {"eth_getBlockByNumber latest": None}
    with answering(good) as url:
        assert parsed(run("check", url, "--json"), 3)["error"] == "RpcProtocolError"
    assert run("check", "ftp://127.0.0.1").exit_code == 2
    assert parsed(run("check", "http://127.0.0.1:1", "--json"), 3)["error"] == "RpcUnavailable"
    with answering(answers(network, net_peerCount="0x3"), token="let-me-in") as url:
        assert parsed(run("check", url, "--json"), 3)["error"] == "RpcError"
        told = run("check", url, "--network", "city", "--bearer", "let-me-in")
        assert told.exit_code == 1  # its newest block is of long ago
        assert told.stdout.count("differs") == 1
        assert "differs  newest block" in told.stdout


def test_local__when_up_and_down__then_told(run: Run, tmp_path: Path) -> None:
    members = at_free_ports(organisations(1))
    (tmp_path / "members.toml").write_text(
        f'[[organisation]]\nname = "treasury"\np2p_port = {members[0].p2p_port}\nrpc_port = {members[0].rpc_port}\n'
    )
    assert parsed(run("up", "--json"), 2)["error"] == "NoNetwork"
    parsed(create(run, "--accept", "no-fault-tolerated", "--json"))
    assert parsed(run("status", "--json"), 3)["supervised"] is False
    assert "treasury-validator" in run("status").stdout
    assert parsed(run("up", "--program", str(tmp_path / "members.toml"), "--json"), 3)["error"] == "NotRunning"
    program = str(stand_in(tmp_path))
    try:
        assert parsed(run("up", "--program", program, "--json"))["started"] is True
        assert parsed(run("up", "--program", program, "--json"))["started"] is False
        assert "0 behind, 3 peers" in run("status").stdout
        told = parsed(run("status", "--json"))
    finally:
        stopped = run("down")
    nodes = told["nodes"]
    assert isinstance(nodes, list)
    assert (told["supervised"], len(nodes), nodes[0]["restarts"]) == (True, 1, 0)
    assert stopped.stdout.strip() == "1 node stopped"
    assert parsed(run("down", "--json")) == {"stopped": False}
