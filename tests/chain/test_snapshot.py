"""Snapshot files and the block journal as files, without a chain.

snapshot
├── written and read → the same; two are kept; none of a higher block stays
├── cut or changed anywhere → torn
└── of another form → torn
block journal
├── its last block → told at any length of lines, torn ones passed over; waited for
├── cut anywhere → the whole lines before
├── kept up to a block → the rest is cut off
└── after a snapshot → goes on in a new segment, old ones go
schedule → never for more than a twentieth of the time; of a busy chain ever more seldom, but not for ever; put off, later
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_api.chain.block_journal import (
    BlockJournal,
    JournaledBlock,
    newest_journaled,
    read_blocks,
    segment_bases,
    segment_path,
    wait_until_journaled,
)
from node_api.chain.snapshot import (
    FORMAT,
    SnapshotHeader,
    SnapshotTorn,
    digest,
    read_header,
    read_snapshot,
    snapshot_files,
    write_snapshot,
)
from node_api.chain.snapshot_writer import SnapshotSchedule

STATE = bytes(range(256)) * 4


def header(number: int) -> SnapshotHeader:
    return SnapshotHeader(FORMAT, 5, "0xaa", number, "0xbb", 1_700_000_000, 1_700_000_001, len(STATE), digest(STATE))


def block(number: int) -> JournaledBlock:
    return JournaledBlock(number, f"0x{number:x}", f"0x{number - 1:x}", 1000 + number, 2000, ("0x01", "0x02"))


@pytest.mark.parametrize("size", [0, 10, 70_000, 400_000])
def test_newest__whatever_the_length_of_lines__is_the_last_whole_one(tmp_path: Path, size: int) -> None:
    assert newest_journaled(tmp_path) == -1
    journal = BlockJournal(tmp_path, 6)
    assert newest_journaled(tmp_path) == 6
    for number in (7, 8):
        journal.append([replace(block(number), transactions=("0x" + "0" * size,))])
        assert newest_journaled(tmp_path) == number
    with segment_path(tmp_path, 6).open("ab") as file:
        file.write(b'{"number": 9, "hash"')
    assert newest_journaled(tmp_path) == 8
    journal.close()


def test_wait__until_written_down(tmp_path: Path) -> None:
    journal = BlockJournal(tmp_path, 0)
    assert not wait_until_journaled(tmp_path, 1, seconds=0.02)
    writer = threading.Timer(0.05, journal.append, ([block(1)],))
    writer.start()
    assert wait_until_journaled(tmp_path, 1)
    writer.join()
    journal.close()


def test_write__when_several__then_the_two_newest_are_kept_and_readable(tmp_path: Path) -> None:
    (tmp_path / "snapshot-000000000001.bin.77.part").write_bytes(b"left over")
    for number in (3, 7, 12):
        path = write_snapshot(tmp_path, header(number), STATE)
    assert read_snapshot(path) == (header(12), STATE)
    assert [read_header(path).number for path in snapshot_files(tmp_path)] == [12, 7]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in snapshot_files(tmp_path)}
    assert path.stat().st_mode & 0o777 == 0o600


def test_write__when_the_chain_went_back__then_none_of_a_higher_block_stays(tmp_path: Path) -> None:
    for number in (3, 7, 5):
        write_snapshot(tmp_path, header(number), STATE)
    assert [read_header(path).number for path in snapshot_files(tmp_path)] == [5, 3]


@given(cut=st.integers(min_value=1, max_value=1200), flip=st.booleans())
def test_read__when_cut_or_changed_anywhere__then_torn(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: bool
) -> None:
    path = write_snapshot(tmp_path_factory.mktemp("chain"), header(1), STATE)
    content = bytearray(path.read_bytes())
    if flip:
        content[-min(cut, len(STATE))] ^= 1
    else:
        content = content[:-cut]
    path.write_bytes(content)
    with pytest.raises(SnapshotTorn):
        read_snapshot(path)


def test_read__when_of_another_form__then_torn(tmp_path: Path) -> None:
    with pytest.raises(SnapshotTorn, match="form 99, this release reads form 1"):
        read_snapshot(write_snapshot(tmp_path, replace(header(1), format=99), STATE))


@given(cut=st.integers(min_value=0, max_value=600))
def test_journal__when_cut_anywhere__then_the_whole_lines_before(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("chain")
    journal = BlockJournal(folder, 0)
    journal.append([block(1), block(2)])
    journal.append([block(3)])
    journal.close()
    path = segment_path(folder, 0)
    content = path.read_bytes()
    kept = content[: max(0, len(content) - cut)]
    path.write_bytes(kept)
    whole = kept.count(b"\n")
    assert list(read_blocks(folder, 0)) == [block(number + 1) for number in range(whole)]
    again = BlockJournal(folder, 0)
    again.append([block(whole + 1)])
    again.close()
    assert list(read_blocks(folder, 0)) == [block(number + 1) for number in range(whole + 1)]


def test_journal__when_kept_up_to_a_block__then_the_rest_is_cut_off(tmp_path: Path) -> None:
    journal = BlockJournal(tmp_path, 0)
    journal.append([block(number) for number in range(1, 6)])
    whole = segment_path(tmp_path, 0).stat().st_size
    assert journal.size() == whole > 0
    journal.close()
    kept = BlockJournal(tmp_path, 0, keep=3)
    assert 0 < kept.size() == segment_path(tmp_path, 0).stat().st_size < whole
    kept.close()
    assert [entry.number for entry in read_blocks(tmp_path, 0)] == [1, 2, 3]


def test_journal__when_a_snapshot_follows__then_a_new_segment_and_old_ones_go(tmp_path: Path) -> None:
    journal = BlockJournal(tmp_path, 0)
    for number in range(1, 4):
        journal.append([block(number)])
        journal = journal.follow_snapshot(number, max(0, number - 1))
        assert journal.size() == 0
    assert segment_bases(tmp_path) == [2, 3]
    assert [entry.number for entry in read_blocks(tmp_path, 2)] == [3]
    journal = journal.follow_snapshot(2, 2)  # the chain went back
    journal.close()
    assert segment_bases(tmp_path) == [2]
    assert list(read_blocks(tmp_path, 0)) == []


def test_schedule__when_a_snapshot_is_dear__then_they_become_rare() -> None:
    now = Clock()
    schedule = SnapshotSchedule(5, now)
    assert not schedule.due()
    schedule.moved(0)
    now.at += 5
    assert schedule.due()
    schedule.taken(10, 1_000)
    schedule.moved(0)
    now.at += 199
    assert not schedule.due()  # 20 × 10 s have not passed
    now.at += 1
    assert schedule.due()
    schedule.taken(0.1, 1_000)
    schedule.moved(0)
    now.at += 5
    assert schedule.due()


def test_schedule__when_one_came_to_nothing__then_the_next_waits_wanted_or_not() -> None:
    now = Clock()
    schedule = SnapshotSchedule(5, now)
    schedule.moved(0)
    now.at += 5
    assert schedule.due()
    schedule.put_off(2)
    now.at += 39
    assert not schedule.due(wanted=True)  # 20 × 2 s have not passed
    now.at += 1
    assert schedule.due()
    schedule.taken(0.05, 1_000)
    assert not schedule.due()
    assert schedule.due(wanted=True)


def test_schedule__of_a_chain_that_is_never_still__waits_longer_but_not_for_ever() -> None:
    now = Clock()
    schedule = SnapshotSchedule(5, now)
    for _ in range(119):
        now.at += 0.5
        schedule.moved(0)
        assert not schedule.due()
    now.at += 0.5
    assert schedule.due()  # 12 × 5 s have passed
    schedule.taken(1, 1_000)
    for _ in range(199):
        now.at += 0.5
        schedule.moved(0)
        assert not schedule.due()
    now.at += 0.5
    assert schedule.due()  # 100 × 1 s have
    schedule.taken(1, 1_000)
    now.at += 20
    schedule.moved(0)
    now.at += 9
    assert not schedule.due()  # a pause, and no longer one than the chain was held ten times over
    now.at += 1
    assert schedule.due()  # it is still
    schedule.taken(0.05, 1_000)
    now.at += 5
    schedule.moved(0)
    assert not schedule.due()
    now.at += 1
    assert schedule.due()  # a second at least
    schedule.taken(0.05, 1_000)
    now.at += 5
    schedule.moved(9_000)
    now.at += 4
    assert not schedule.due()  # it has grown ten times since
    now.at += 1
    assert schedule.due()


@dataclass
class Clock:
    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at
