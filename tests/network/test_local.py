"""A network on this machine, with a stand-in for geth: what is tried is who starts, watches and ends whom.

up
├── starts every node once, and tells how they stand; again → they run
├── with a watch for stalls, or without
├── keys elsewhere, no program → refused
├── a node that dies at once → given up, its last words told, the others run
└── what was started runs on after the command
status: a silent validator, from the third round on; nobody runs; a node that does not say who sealed → nobody is silent
a node is killed → started anew; one that has just ended is nobody's to end
the watch for stalls
├── ended by many changes of the plan → runs on; told beside the nodes
└── a signer that was left without sealing → seals once it has the others' branch; who stops it later is not hindered
a node is to stand still → it ends, the others run; it comes back; every one in turn, unless one is down or they are at it
the plan is written wrong by hand → told once, the nodes run on; it is mended → a node that it names new is started
the disk does not take what the supervisor says → the nodes run on; told once it does
a node that was given up comes back → it is kept again
the supervisor is killed → every node ends; up again
down → every node ends; again → nothing to do
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest

from node_api.chain.status import supervisor_pid
from node_api.network.create import create_network
from node_api.network.files import plan_file
from node_api.network.members import NotAMember, admit
from node_api.network.plan import Engine, Network
from node_api.network.processes import (
    NotRunning,
    Process,
    find_program,
    local_folder,
    node_log,
    running,
    start,
    start_anew,
    stop,
    watching,
)
from node_api.network.rolling import come_back, restart, stand_still
from node_api.network.rules import WEAKNESSES
from node_api.network.stall_watch import StallWatch
from node_api.network.standing import NotUp, standings, wait_until_up
from tests.network.conftest import at_free_ports, organisations, parameters

PATIENCE = 120.0


@pytest.fixture
def network(folder: Path) -> Iterator[Network]:
    """Two validators and an observer, at ports that are free now."""
    members = at_free_ports(organisations(2))
    network = create_network(folder, parameters(), members, WEAKNESSES).network
    yield network
    stop(folder)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(process: Process) -> bool:
    try:
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter where it goes between opening and reading
        return True


def alive(folder: Path) -> dict[str, Process]:
    return running(folder) or {}


def watch_of(folder: Path) -> Process:
    return (watching(folder) or {})["stall-watch"]


def test_up__when_run_twice__then_started_once(network: Network, folder: Path, program: Path) -> None:
    assert start(folder, network, program) is True
    found = wait_until_up(folder, network, PATIENCE)
    assert [(one.name, one.lag is not None, one.peers, one.restarts) for one in found] == [
        (name, True, 3, 0) for name in ("treasury-validator", "regulator-validator", "regulator-observer")
    ]
    before = alive(folder)
    assert {one.name: one.pid for one in found} == {name: one.pid for name, one in before.items()}
    assert start(folder, network, program) is False
    assert alive(folder) == before
    # the stand-in never lets the last validator seal
    silent = {node.seat.name for node in network.nodes if node.signer == network.validators[-1]}
    assert {one.name for one in found if one.silent} == silent
    assert {one.sealed is not None for one in found if not one.silent and "validator" in one.name} == {True}
    assert stop(folder) is True
    assert all(ended(one) for one in before.values())
    assert stop(folder) is False
    assert running(folder) is None
    assert [(one.pid, one.height, one.silent) for one in standings(folder, network)][-1] == (0, None, False)


@pytest.mark.parametrize("watch", [True, False])
def test_up__when_told_to_watch_or_not__then_stalls_are_watched_for_or_not(
    network: Network, folder: Path, program: Path, watch: bool
) -> None:
    start(folder, network, program, watch=watch)
    wait_until_up(folder, network, PATIENCE)
    assert node_log(folder, "stall-watch").exists() is watch
    assert stop(folder)


@pytest.mark.parametrize(("height", "silent"), [(5, set()), (6, {"the last one"})])
def test_status__when_the_chain_is_young__then_nobody_is_silent_yet(
    network: Network, folder: Path, program: Path, height: int, silent: set[str]
) -> None:
    for node in network.nodes:
        (folder / node.seat.organisation.name / node.seat.role / "height").write_text(str(height))
    start(folder, network, program)
    found = {one.name for one in wait_until_up(folder, network, PATIENCE) if one.silent}
    last = {node.seat.name: "the last one" for node in network.nodes if node.signer == network.validators[-1]}
    assert {last.get(name, name) for name in found} == silent


def test_status__when_nobody_says_who_sealed__then_nobody_is_silent(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program)
    assert any(one.silent for one in wait_until_up(folder, network, PATIENCE))
    for node in network.nodes:
        (folder / node.seat.organisation.name / node.seat.role / "forgetful").touch()
    assert [(one.height is not None, one.sealed, one.silent) for one in standings(folder, network)] == [
        (True, None, False)
    ] * 3


def test_node__when_killed__then_started_anew(network: Network, folder: Path, program: Path) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    victim = alive(folder)["regulator-observer"]
    os.kill(victim.pid, signal.SIGKILL)
    until(lambda: alive(folder)["regulator-observer"].restarts == 1)
    found = {one.name: one for one in wait_until_up(folder, network, PATIENCE)}
    assert found["regulator-observer"].restarts == 1
    assert found["regulator-observer"].pid not in (0, victim.pid)
    assert found["treasury-validator"].restarts == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends the nodes on Linux alone")
def test_supervisor__when_killed__then_its_nodes_end_and_up_starts_anew(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    before = alive(folder)
    pid = supervisor_pid(local_folder(folder))
    assert pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: all(ended(one) for one in before.values()))
    assert running(folder) is None
    assert start(folder, network, program) is True
    wait_until_up(folder, network, PATIENCE)


def test_node__when_it_is_to_stand_still__then_it_does_until_it_comes_back(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    before = alive(folder)
    stand_still(folder, "regulator-observer", PATIENCE)
    assert ended(before["regulator-observer"])
    time.sleep(1)
    found = alive(folder)
    assert found["regulator-observer"].pid == 0
    assert found["treasury-validator"] == before["treasury-validator"]
    with pytest.raises(NotUp, match="regulator-observer does not run"):
        list(restart(folder, PATIENCE))
    assert alive(folder) == found  # none of the others was touched
    assert come_back(folder, "regulator-observer", PATIENCE).restarts == 0
    under_way = restart(folder, PATIENCE)
    names = [next(under_way).name]
    with pytest.raises(NotRunning, match="another restart is on its way"):
        next(restart(folder, PATIENCE))
    assert [*names, *(one.name for one in under_way)] == list(before)
    after = alive(folder)
    assert not {one.pid for one in after.values()} & {one.pid for one in before.values()}
    assert all(one.pid and not one.restarts for one in after.values())
    with pytest.raises(NotAMember, match="there is no node nobody"):
        stand_still(folder, "nobody", PATIENCE)


def let_bank_in(folder: Path) -> Network:
    """The plan with one more member, whose node is kept now."""
    after = admit(folder, at_free_ports((replace(organisations(1)[0], name="bank", accounts=()),)))
    until(lambda: "bank-validator" in alive(folder))
    return after


def test_node__when_a_member_is_let_in__then_its_node_runs_too(network: Network, folder: Path, program: Path) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    after = let_bank_in(folder)
    assert {one.name for one in wait_until_up(folder, after, PATIENCE)} == {node.seat.name for node in after.nodes}


def test_node__when_it_has_just_ended__then_starting_it_anew_does_nothing(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    gone = subprocess.Popen(["true"])
    gone.wait()
    nodes = [
        replace(one, pid=gone.pid) for one in alive(folder).values()
    ]  # as long as the supervisor has not told of its end
    said = {"pid": supervisor_pid(local_folder(folder)), "nodes": list(map(asdict, nodes))}
    (local_folder(folder) / "supervisor.json").write_bytes(orjson.dumps(said))
    start_anew(folder, "regulator-observer")
    assert alive(folder) == {one.name: one for one in nodes}


def test_watch__when_the_plan_changes_again_and_again__then_it_runs_on(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    for change in range(7):
        before = watch_of(folder)
        os.utime(plan_file(folder), (change, change))
        until(lambda before=before: watch_of(folder).pid not in (0, before.pid))  # type: ignore[misc]
        assert not watch_of(folder).given_up
    assert ended(before)


def test_watch__when_a_signer_was_left_without_sealing__then_it_seals_once_it_has_the_branch(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program, watch=False)
    wait_until_up(folder, network, PATIENCE)
    place, watch = folder / "treasury" / "validator", StallWatch(folder, network)
    (place / "resting").touch()
    (place / "height").write_text("5")
    watch.look()
    assert (place / "resting").exists()
    (place / "height").unlink()
    watch.look()
    assert not (place / "resting").exists()
    (place / "resting").touch()
    watch.look()
    assert (place / "resting").exists()


def test_node__when_it_dies_at_once__then_given_up_and_the_others_run(
    network: Network, folder: Path, program: Path
) -> None:
    (folder / "treasury" / "validator" / "die").touch()
    start(folder, network, program)
    with pytest.raises(
        NotUp, match=r"treasury-validator died again and again \((.|\n)*restarts 5(.|\n)*the disk is of another make"
    ):
        wait_until_up(folder, network, PATIENCE)
    told = alive(folder)
    assert (told["treasury-validator"].restarts, told["treasury-validator"].pid) == (5, 0)
    until(lambda: [one.height is not None for one in standings(folder, network)] == [False, True, True])


def test_up__when_keys_are_elsewhere__then_refused(network: Network, folder: Path, program: Path) -> None:
    (folder / "regulator" / "observer" / "node.key").unlink()
    with pytest.raises(NotRunning, match="regulator-observer has its keys elsewhere"):
        start(folder, network, program)
    assert not local_folder(folder).exists()


def test_up__when_it_takes_too_long__then_said(network: Network, folder: Path) -> None:
    with pytest.raises(
        NotUp, match=r"treasury-validator has no block after 0 s \(treasury-validator silent, .*\): it said nothing"
    ):
        wait_until_up(folder, network, 0)


def test_program__when_looked_for__then_named_or_on_path_or_built(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(NotRunning, match="make geth"):
        find_program(Engine.GETH_CLIQUE, None)
    with pytest.raises(NotRunning, match="put besu on PATH, or name it with BESU"):
        find_program(Engine.BESU_QBFT, None)
    with pytest.raises(NotRunning, match="nowhere is not an executable file"):
        find_program(Engine.GETH_CLIQUE, tmp_path / "nowhere")
    built = tmp_path / "cache" / "vouchertrail" / "geth-v1" / "geth"
    built.parent.mkdir(parents=True)
    built.write_bytes(program.read_bytes())
    built.chmod(0o755)
    assert find_program(Engine.GETH_CLIQUE, None) == built
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_program(Engine.GETH_CLIQUE, None) == program
    assert find_program(Engine.GETH_CLIQUE, built) == built


def told_of_the_plan(folder: Path) -> list[str]:
    lines = (local_folder(folder) / "supervisor.log").read_text().splitlines()
    return [orjson.loads(line)["fault"] for line in lines if "plan_not_usable" in line]


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ('"format": 1,', '"format": 1', "cannot be read: Expecting"),
        ('"organisations": [', '"organisations": 7, "others": [', "organisations is '7', must be an array"),
        ('"title": "Regulator"', '"subtitle": "Regulator"', "title is missing"),
        ('"role": "observer"', '"role": "onlooker"', "'onlooker' is not a valid Role"),
        ('"role": "observer"', '"role": "validator"', "must have each once"),
        ('"chain_id": 31374', '"chain_id": 31375', "is of another network"),
        ('"name": "regulator"', '"name": "../regulator"', "must be 1 to 30 small letters"),
    ],
)
def test_plan__when_written_wrong_by_hand__then_told_once_and_the_nodes_run_on(
    network: Network, folder: Path, program: Path, right: str, wrong: str, why: str
) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    before, plan = alive(folder), plan_file(folder).read_text()
    assert right in plan
    plan_file(folder).write_text(plan.replace(right, wrong))
    until(lambda: told_of_the_plan(folder))
    time.sleep(1)
    (fault,) = told_of_the_plan(folder)
    assert str(plan_file(folder)) in fault
    assert why in fault
    assert "ut it back" in fault or "put back" in fault
    assert alive(folder) == before
    assert not any(ended(one) for one in before.values())
    plan_file(folder).unlink()
    until(lambda: len(told_of_the_plan(folder)) == 2)
    plan_file(folder).write_text(plan)
    after = let_bank_in(folder)
    assert {name: alive(folder)[name].pid for name in before} == {name: one.pid for name, one in before.items()}
    assert {one.name for one in wait_until_up(folder, after, PATIENCE)} == {node.seat.name for node in after.nodes}


def test_supervisor__when_the_disk_does_not_take_what_it_says__then_the_nodes_run_on(
    network: Network, folder: Path, program: Path
) -> None:
    start(folder, network, program)
    wait_until_up(folder, network, PATIENCE)
    before = alive(folder)
    aside = local_folder(folder) / f"supervisor.json.{supervisor_pid(local_folder(folder))}.part"
    aside.symlink_to("/dev/full")  # every write to it is one to a full disk
    os.kill(before["regulator-observer"].pid, signal.SIGKILL)
    until(lambda: "status_not_written" in (local_folder(folder) / "supervisor.log").read_text())
    until(lambda: alive(folder)["regulator-observer"].restarts == 1)
    assert not any(ended(before[name]) for name in before if name != "regulator-observer")
    wait_until_up(folder, network, PATIENCE)


def test_node__when_it_was_given_up_and_comes_back__then_it_is_kept_again(
    network: Network, folder: Path, program: Path
) -> None:
    cause = folder / "treasury" / "validator" / "die"
    cause.touch()
    start(folder, network, program)
    until(lambda: alive(folder).get("treasury-validator", Process("", 0)).given_up)
    cause.unlink()
    come_back(folder, "treasury-validator", PATIENCE)
    wait_until_up(folder, network, PATIENCE)
    os.kill(alive(folder)["treasury-validator"].pid, signal.SIGKILL)
    until(lambda: alive(folder)["treasury-validator"].restarts == 6)
    wait_until_up(folder, network, PATIENCE)
