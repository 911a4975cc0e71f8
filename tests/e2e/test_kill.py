"""
SIGKILL
├── to node and chain, at moments of a load: the same command again ends as if nothing had happened
├── to node and chain, at moments of a replay: likewise
├── to node and chain, at moments of a replay with acts: likewise
├── to the chain alone, while a load goes on: the load itself ends well
├── to the chain alone, while a replay goes on, with acts or without: the replay itself ends well
├── to the chain alone, before the last blocks of a replay with acts are written down: likewise
└── to the chain and its supervisor, while a node serves: the node brings both back; not where they are stopped

Nothing is minted or redeemed twice, and the figures are those of an undisturbed run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

import pytest

from node_api.chain.handle import living_status
from node_api.chain.rpc import RpcClient
from node_api.chain.rpc_errors import ChainError
from node_api.chain.rpc_values import quantity
from node_api.chain.status import Phase, read_status
from node_api.cli.deploy import open_chain
from node_api.domain.ids import UnixSeconds
from node_api.following import FOLLOW_SECONDS
from node_api.loaders.story import write_story
from node_api.record import open_record
from tests.e2e.town import BEFORE_ANYTHING, FOLDER, Town, copied, open_street, town

pytestmark = pytest.mark.slow

LOAD_BLOCKS = (1, 6, 14)
"""How many blocks of the load there are when the kill comes; an undisturbed load has some 40."""
ROLLS_MORE = 60
REPLAY_BLOCKS = (2, 6)
"""Likewise; an undisturbed replay has 9."""
CHAIN_KILLS = [("load", blocks) for blocks in (3, 20)] + [("replay", 4)]
"""Likewise, where the chain alone is killed."""
STORY_BLOCKS = (4, 14, 24)
"""Likewise; an undisturbed story has some 38."""
UNWRITTEN = (9, 21)
"""Likewise, where from then on the supervisor writes nothing down: what is told in the second before the kill is lost."""
Numbers = tuple[int, ...]


class Figures(NamedTuple):
    """What must be the same in every run. Accounts are not: each node has keys of its own."""

    totals: tuple[object, ...]
    lines: list[Numbers]
    programmes: list[tuple[str, int]]
    merchants: list[tuple[str, int]]
    days: list[Numbers]


def figures(place: Town) -> Figures:
    record = open_record(place.settings, open_chain(place.settings))
    try:
        record.indexer.catch_up()
        with record.reads.at_head() as reader:
            return Figures(
                totals=astuple(reader.totals()),
                lines=[
                    (line.id, line.deposited, line.available, line.committed, line.payable, line.committed_count)
                    for line in reader.lines()
                ],
                programmes=[(entry.ref, entry.state) for entry in reader.programmes()],
                merchants=[(entry.ref, entry.status) for entry in reader.merchants()],
                days=[(day.merchant, day.line, day.day, day.redeemed, day.count) for day in reader.merchant_days()],
            )
    finally:
        record.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with more rolls, so that a load takes long enough to be killed in the middle."""
    path = tmp_path_factory.mktemp("folder") / "import"
    shutil.copytree(FOLDER, path)
    with (path / "holders.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"more-{number:02},meals-2026,0,resident-{number:02},\n" for number in range(ROLLS_MORE))
    return path


@pytest.fixture(scope="module")
def loaded(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a town whose load nobody killed."""
    with town(tmp_path_factory.mktemp("loaded") / "data") as place:
        place.run("load", folder)
    return place.data


@pytest.fixture(scope="module")
def undisturbed(folder: Path, loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figures]:
    """The figures of runs that nobody killed: after the load, and after the replay."""
    with copied(loaded, tmp_path_factory.mktemp("undisturbed") / "data") as place:
        after_load = figures(place)
        place.run("replay", folder)
        return {"load": after_load, "replay": figures(place)}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path / "data") as built:
        yield built


@pytest.fixture
def loaded_place(loaded: Path, tmp_path: Path) -> Iterator[Town]:
    with copied(loaded, tmp_path / "data") as built:
        yield built


def begin(place: Town, command: str, folder: Path) -> subprocess.Popen[bytes]:
    """Starts a command as a process of its own."""
    env = {
        **os.environ,
        "VOUCHERTRAIL_DATA": str(place.data),
        "VOUCHERTRAIL_CHAIN_GENESIS_AT": str(BEFORE_ANYTHING),
    }
    line = [sys.executable, "-m", "node_api", command, str(folder), "--json"]
    return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for_blocks(place: Town, process: subprocess.Popen[bytes], blocks: int) -> None:
    """Watches the chain until it has so many blocks more, or the process has ended."""
    status = living_status(place.settings.chain_folder)
    assert status is not None
    with RpcClient(status.url) as rpc:
        target = quantity(rpc.call("eth_blockNumber")) + blocks
        while process.poll() is None:
            try:
                if quantity(rpc.call("eth_blockNumber")) >= target:
                    return
            except ChainError:
                return


def kill_chain(place: Town, *, supervisor: bool) -> None:
    """SIGKILL to anvil, and to its supervisor where told."""
    status = living_status(place.settings.chain_folder)
    assert status is not None
    if supervisor:
        os.kill(status.pid, signal.SIGKILL)
    os.kill(status.anvil_pid, signal.SIGKILL)


def wait_for_restart(place: Town) -> None:
    """Waits until the supervisor has brought anvil back: a command that was all but done does not need to."""
    deadline = time.monotonic() + 60
    while (status := living_status(place.settings.chain_folder)) is None or not (
        status.restarts and status.phase is Phase.READY
    ):
        assert time.monotonic() < deadline, f"{status}"
        time.sleep(0.01)


def kill_everything(place: Town, command: str, folder: Path, blocks: int) -> None:
    """Starts a command and kills it, with the chain, once there are so many blocks more."""
    process = begin(place, command, folder)
    wait_for_blocks(place, process, blocks)
    process.kill()
    kill_chain(place, supervisor=True)
    told, complaints = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"the kill came before the end: {told!r} {complaints!r}"


@pytest.mark.parametrize("blocks", LOAD_BLOCKS)
def test_kill__node_and_chain_during_load__the_same_again_ends_well(
    place: Town, folder: Path, undisturbed: dict[str, Figures], blocks: int
) -> None:
    kill_everything(place, "load", folder, blocks)
    place.run("load", folder)
    assert place.told("load", folder)["nothing_to_do"]
    assert figures(place) == undisturbed["load"]
    assert place.told("audit", "reconcile")["equal"]


@pytest.mark.parametrize("blocks", REPLAY_BLOCKS)
def test_kill__node_and_chain_during_replay__the_same_again_ends_well(
    loaded_place: Town, folder: Path, undisturbed: dict[str, Figures], blocks: int
) -> None:
    kill_everything(loaded_place, "replay", folder, blocks)
    told = loaded_place.told("replay", folder)
    assert (told["accepted"], told["accepted_rows"], told["refused"]) == (7, 9, {})
    assert loaded_place.told("replay", folder)["known"] == 7
    assert figures(loaded_place) == undisturbed["replay"]
    assert loaded_place.told("audit", "reconcile")["equal"]


@pytest.mark.parametrize(("command", "blocks"), CHAIN_KILLS)
def test_kill__chain_alone__the_command_itself_ends_well(
    request: pytest.FixtureRequest, folder: Path, undisturbed: dict[str, Figures], command: str, blocks: int
) -> None:
    place: Town = request.getfixturevalue("place" if command == "load" else "loaded_place")
    process = begin(place, command, folder)
    wait_for_blocks(place, process, blocks)
    kill_chain(place, supervisor=False)
    told, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, f"{told!r} {complaints!r}"
    wait_for_restart(place)
    assert figures(place) == undisturbed[command]
    assert place.told("audit", "reconcile")["equal"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose redemptions have acts of staff between them."""
    path = tmp_path_factory.mktemp("story") / "import"
    write_story(path, UnixSeconds(1_772_323_200))
    return path


@pytest.fixture(scope="module")
def story_loaded(story: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with town(tmp_path_factory.mktemp("loaded") / "data") as place:
        place.run("load", story)
    return place.data


@pytest.fixture
def story_place(story_loaded: Path, tmp_path: Path) -> Iterator[Town]:
    with copied(story_loaded, tmp_path / "data") as built:
        yield built


@pytest.fixture(scope="module")
def story_told(story: Path, story_loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    with copied(story_loaded, tmp_path_factory.mktemp("told") / "data") as place:
        place.run("replay", story)
        return figures(place)


def ended_well(place: Town, story: Path) -> None:
    """The same again does nothing more, and whoever adds up agrees."""
    told = place.told("replay", story)
    assert (told["acts"], told["accepted"], told["refused"]) == (15, 6, {"ChannelClosed": 1, "VoucherFrozen": 1})
    assert place.told("audit", "reconcile")["equal"]


@pytest.mark.parametrize("blocks", STORY_BLOCKS)
def test_kill__node_and_chain_during_a_story__the_same_again_ends_well(
    story_place: Town, story: Path, story_told: Figures, blocks: int
) -> None:
    kill_everything(story_place, "replay", story, blocks)
    story_place.run("replay", story)
    ended_well(story_place, story)
    assert figures(story_place) == story_told


def test_kill__chain_alone_during_a_story__the_command_itself_ends_well(
    story_place: Town, story: Path, story_told: Figures
) -> None:
    process = begin(story_place, "replay", story)
    wait_for_blocks(story_place, process, STORY_BLOCKS[1])
    kill_chain(story_place, supervisor=False)
    told, complaints = process.communicate(timeout=180)
    assert process.returncode == 0, f"{told!r} {complaints!r}"
    wait_for_restart(story_place)
    assert figures(story_place) == story_told
    ended_well(story_place, story)


@pytest.mark.parametrize("blocks", UNWRITTEN)
def test_kill__chain_before_a_block_is_written_down__the_story_tells_it_again(
    story_place: Town, story: Path, story_told: Figures, blocks: int
) -> None:
    process = begin(story_place, "replay", story)
    wait_for_blocks(story_place, process, blocks)
    status = living_status(story_place.settings.chain_folder)
    assert status is not None
    os.kill(status.pid, signal.SIGSTOP)  # from here on nothing is written down
    time.sleep(1)
    kill_chain(story_place, supervisor=False)
    os.kill(status.pid, signal.SIGCONT)
    told, complaints = process.communicate(timeout=180)
    assert process.returncode == 0, f"{told!r} {complaints!r}"
    assert figures(story_place) == story_told
    ended_well(story_place, story)


def test_kill__chain_and_supervisor_while_a_node_serves__it_brings_both_back(
    loaded_place: Town, folder: Path, undisturbed: dict[str, Figures]
) -> None:
    chain = loaded_place.settings.chain_folder
    with open_street(loaded_place) as street:
        head, before = loaded_place.head(), living_status(chain)
        assert before is not None
        kill_chain(loaded_place, supervisor=True)
        deadline = time.monotonic() + 60
        while (status := living_status(chain)) is None or status.phase is not Phase.READY or status.pid == before.pid:
            assert time.monotonic() < deadline, f"{status}"
            time.sleep(0.05)
        assert (status.url, loaded_place.head()) == (before.url, head)

        assert loaded_place.told("replay", folder, "--url", street.url)["accepted"] == 7
        assert figures(loaded_place) == undisturbed["replay"]

        loaded_place.stop()
        stopped = read_status(chain)
        time.sleep(10 * FOLLOW_SECONDS)
        assert read_status(chain) == stopped
        assert living_status(chain) is None
