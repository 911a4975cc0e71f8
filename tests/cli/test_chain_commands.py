"""The chain, keys and deploy commands as a user types them, and as a program reads them.

vouchertrail
├── help lists commands; version prints it; an unknown one is refused
├── keys create, list
├── chain status, start, snapshot, stop: exit codes and --json
├── chain start --foreground: it tells what befalls the chain, and brings it back
├── chain status of a chain others run: where it answers, without user and password
├── deploy: plan, run, run again; a chain others run; a parameter that does not fit begins nothing
├── whatever needs the contracts, before they are deployed: refused, no chain is begun
├── a disk that takes nothing: said without a traceback
└── wrong settings: named, without their value
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from node_api import __version__
from node_api.__main__ import cli
from node_api.chain.handle import ensure_chain, living_status, stop_chain
from node_api.chain.options import EmbeddedOptions
from node_api.chain.status import ChainStatus, Phase

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs the command with a data folder of its own."""
    monkeypatch.setenv("VOUCHERTRAIL_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str) -> Result:
        return CliRunner(mix_stderr=False).invoke(cli, list(arguments))

    yield command
    stop_chain(tmp_path / "data" / "chain")


def as_typed(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process of its own: what it says on stderr is rich's, which a runner does not catch."""
    return subprocess.run([sys.executable, "-m", "node_api", *arguments], capture_output=True, text=True, check=False)


def parsed(done: Result, code: int = 0) -> dict[str, object]:
    assert done.exit_code == code, done.stderr
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_help__when_asked__then_commands_are_listed(run: Run) -> None:
    output = run("--help").stdout
    assert all(f" {name} " in output for name in ("chain", "deploy", "keys", "version"))
    installed = subprocess.run(
        [sys.executable, "-m", "node_api", "version"], capture_output=True, text=True, check=True
    )
    assert run("version").stdout.strip() == installed.stdout.strip() == __version__
    assert run("fly").exit_code == 2


def test_chain__in_the_foreground__brings_back_what_died_and_says_so(tmp_path: Path) -> None:
    folder, line = tmp_path / "data" / "chain", ["chain", "start", "--foreground", "--data", str(tmp_path / "data")]
    with subprocess.Popen([sys.executable, "-m", "node_api", *line], stderr=subprocess.PIPE, text=True) as process:
        try:
            first = _ready(folder, restarts=0)
            os.kill(first.anvil_pid, signal.SIGKILL)
            assert _ready(folder, restarts=1).pid == first.pid == process.pid
        finally:
            process.terminate()
            _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in told.splitlines()]
    silent = "chain_not_answering"  # where it looks before the kernel has told of the death
    assert [one for one in events if one != silent] == ["restored", "anvil_died", "restored", "stopped"]


def _ready(folder: Path, restarts: int) -> ChainStatus:
    """What the chain's status says once it is ready, having been brought back so many times."""
    deadline = time.monotonic() + 30
    while (status := living_status(folder)) is None or (status.phase, status.restarts) != (Phase.READY, restarts):
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    return status


def test_keys__when_created_and_listed__then_accounts_and_no_keys(run: Run, tmp_path: Path) -> None:
    created = parsed(run("keys", "create", "--json"))
    assert len(created["created"]) == 12  # type: ignore[arg-type]
    assert parsed(run("keys", "create", "--json"))["created"] == []
    accounts = parsed(run("keys", "list", "--json"))["accounts"]
    assert isinstance(accounts, dict)
    listing = run("keys", "list").stdout
    for role, address in accounts.items():
        assert f"{role:14} {address}" in listing
        sealed = json.loads((tmp_path / "data" / "keys" / f"{role}.json").read_text())
        assert sealed["crypto"]["ciphertext"] not in listing
    (tmp_path / "data" / "keys" / "admin.json").chmod(0o644)
    assert parsed(run("keys", "list", "--json"), 4)["error"] == "KeyExposed"


def test_chain__when_used_through_its_life__then_codes_and_json(run: Run) -> None:
    assert parsed(run("chain", "status", "--json"), 3) == {"running": False, "last": None}
    started = parsed(run("chain", "start", "--genesis-at", "1700000000", "--json"))
    assert parsed(run("chain", "start", "--json")) == started
    status = parsed(run("chain", "status", "--json"))
    assert (status["running"], status["phase"], status["head"], status["url"]) == (True, "ready", 0, started["url"])
    assert f"ready: chain 31373 at {started['url']}, block 0" in run("chain", "status").stdout
    assert parsed(run("chain", "snapshot", "--json")) == {"block": 0}
    assert parsed(run("chain", "stop", "--json")) == {"stopped": True}
    assert parsed(run("chain", "stop", "--json")) == {"stopped": False}
    assert "does not run" in run("chain", "status").stdout
    assert parsed(run("chain", "snapshot", "--json"), 3)["error"] == "ChainNotReady"


def test_chain__when_another_id_is_asked_for__then_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("chain", "start")
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", "5")
    assert parsed(run("chain", "start", "--json"), 3)["error"] == "ForeignChain"
    done = as_typed("chain", "start")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the settings ask for 5" in done.stderr


def test_chain__when_others_run_it_behind_a_password__then_told_without(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = EmbeddedOptions(tmp_path / "theirs", chain_id=777)
    there = ensure_chain(theirs).url.removeprefix("http://")
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", "777")
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", f"http://teller:hush@{there}/?key=hush,http://teller:hush@127.0.0.1:9")
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_SEND_URL", f"http://teller:hush@{there}")
    try:
        told, said = as_typed("chain", "status", "--json"), as_typed("chain", "status")
    finally:
        stop_chain(theirs.folder)
    assert (told.returncode, said.returncode) == (0, 0)
    shown = json.loads(told.stdout)
    assert (shown["address"], shown["readers"], shown["senders"]) == (there, [there, "127.0.0.1:9"], [there])
    assert said.stdout == f"chain 777 at {there}, block 0\n"
    everything = told.stdout + told.stderr + said.stdout + said.stderr
    assert "hush" not in everything
    assert "teller" not in everything


def test_deploy__when_run_twice__then_once(run: Run, tmp_path: Path) -> None:
    plan = parsed(run("deploy", "--dry-run", "--json"))["steps"]
    assert isinstance(plan, list)
    assert {step["state"] for step in plan} == {"pending"}
    assert not (tmp_path / "data" / "deployments").exists()
    first = parsed(run("deploy", "--json"))
    assert first["sent"] == [step["step"] for step in plan]
    second = parsed(run("deploy", "--json"))
    assert (second["sent"], second["contracts"]) == ([], first["contracts"])
    assert "nothing to do: every step is done on chain 31373" in run("deploy").stdout
    assert run("deploy", "--dry-run").stdout.count("done ") == len(plan)
    assert parsed(run("deploy", "--parameter", "token_symbol=CNY", "--json"), 3)["error"] == "ChangedStep"


@pytest.mark.parametrize("how", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        ("colour=red", "no step has a parameter 'colour'; there are grant_delay_seconds, "),
        ("token_decimals=two", "parameter 'token_decimals' is of type int"),
        (
            "token_decimals=300",
            "parameter 'token_decimals' is 300; the rule: the contracts take it as uint8, from 0 to 255;",
        ),
        (
            "grant_delay_seconds=-1",
            "is -1; the rule: the contracts take it as uint32, from 0 to 4,294,967,295; what to do: ",
        ),
    ],
)
def test_deploy__with_a_parameter_that_does_not_fit__begins_nothing(
    run: Run, tmp_path: Path, how: tuple[str, ...], parameter: str, told: str
) -> None:
    said = parsed(run("deploy", *how, "--parameter", parameter, "--json"), 2)
    assert said["error"] == "ParameterFault"
    assert told in str(said["message"])
    assert run("deploy", "--parameter", "token_symbol").exit_code == 2
    assert not (tmp_path / "data").exists()


def test_deploy__when_the_chain_is_run_by_others__then_the_same(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = EmbeddedOptions(tmp_path / "theirs", chain_id=777)
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_URL", ensure_chain(theirs).url)
    try:
        assert parsed(run("deploy", "--json"), 3)["error"] == "ForeignChain"
        monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", "777")
        assert parsed(run("deploy", "--json"), 4)["error"] == "KeyMissing"
        run("keys", "create")
        deployed = parsed(run("deploy", "--json"))
        assert deployed["chain_id"] == 777
        assert {"ProgrammeRegistry", "MerchantRegistry", "Treasury", "Vouchers", "CaseDesk"} <= set(
            deployed["contracts"]
        )  # type: ignore[call-overload]
        assert parsed(run("chain", "status", "--json"))["embedded"] is False
        assert run("chain", "start").exit_code == 3
        assert not (tmp_path / "data" / "chain" / "supervisor.lock").exists()
    finally:
        stop_chain(theirs.folder)


@pytest.mark.parametrize(
    "command",
    [
        "audit reconcile",
        "cases list",
        "freezes list",
        "index status",
        "load tests/e2e/folder",
        "merchants list",
        "rules show 1",
        "serve",
    ],
)
def test_commands__when_nothing_is_deployed__then_no_chain_is_begun(run: Run, tmp_path: Path, command: str) -> None:
    fault = parsed(run(*command.split(), "--json"), 3)
    assert fault["error"] == "NotDeployed"
    assert str(tmp_path / "data" / "deployments") in str(fault["message"])
    assert not (tmp_path / "data" / "chain").exists()


def test_keys__when_the_disk_takes_nothing__then_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fault = parsed(run("keys", "create", "--data", str(tmp_path / "file" / "data"), "--json"), 1)
    assert fault["error"] == "FileExistsError"
    assert "run the command again" in str(fault["message"])


def test_settings__when_wrong__then_named_without_their_value(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOUCHERTRAIL_KEY_PASSWORD", "changeme")
    fault = parsed(run("keys", "list", "--json"), 4)
    assert "VOUCHERTRAIL_KEY_PASSWORD" in str(fault["message"])
    assert "changeme" not in str(fault["message"])
    monkeypatch.setenv("VOUCHERTRAIL_KEY_PASSWORD", "a phrase of my own")
    monkeypatch.setenv("VOUCHERTRAIL_CHAIN_ID", "-1")
    assert "VOUCHERTRAIL_CHAIN_ID" in as_typed("chain", "status").stderr
