"""
acts, played between the redemptions of the demonstration's story
├── through the API
│   ├── leave every voucher, day and line as told; the money adds up after each of them
│   ├── a second run, and a second load, do nothing
│   └── cut off behind any act, its journal line lost: nothing is done twice
├── straight to the contract: end the same way
├── a booking that is to be refused: is, on chain; one that ends otherwise than expected: named
├── refused by a contract: the command says why, and a later one goes on
└── played now, where the clock cannot be moved: are left out, and what rests on them is skipped
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node_api.domain.ids import UnixSeconds
from node_api.domain.reconciliation import TERMS
from node_api.loaders.story import write_story
from node_api.record import Record, open_record
from tests.e2e.town import Town, copied, moment, rows_of, town, write_rows

BEGINS = UnixSeconds(1_772_323_200)  # 1 March 2026, 00:00 UTC
AT_THE_END = [(60_000, 0, 0, 0, 15_000, 45_000), (80_000, 0, 0, 0, 5_000, 75_000)]
REFUSED = {"ChannelClosed": 1, "VoucherFrozen": 1}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story")
    write_story(folder, BEGINS)
    return folder


@pytest.fixture(scope="module")
def loaded(story: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a town whose story was loaded and not told yet."""
    with town(tmp_path_factory.mktemp("loaded") / "data") as built:
        built.run("load", story)
    return built.data


@pytest.fixture
def place(loaded: Path, tmp_path: Path) -> Iterator[Town]:
    with copied(loaded, tmp_path / "data") as built:
        yield built


@contextmanager
def reads(place: Town) -> Iterator[Record]:
    """The record, brought up to the chain."""
    with place.office() as office:
        record = open_record(place.settings, office.handle)
        record.indexer.catch_up()
        yield record
        record.close()


def money(place: Town) -> list[tuple[int, ...]]:
    """Every line's terms in their order, deposited first."""
    with reads(place) as record, record.reads.at_head() as reader:
        return [tuple(getattr(line, term) for term in TERMS) for line in reader.lines()]


def test_acts__through_the_api__end_as_told_and_only_once(place: Town, story: Path, tmp_path: Path) -> None:
    first = place.told("replay", story, "--report", tmp_path / "one.csv")
    assert (first["acts"], first["accepted"], first["refused"], first["unexpected"]) == (15, 6, REFUSED, [])
    assert money(place) == AT_THE_END
    assert place.told("audit", "reconcile")["equal"]

    head = place.head()
    again = place.told("replay", story, "--report", tmp_path / "two.csv")
    assert (again["known"], again["acts"]) == (8, 15)
    assert place.told("load", story)["nothing_to_do"]
    assert place.head() == head
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_acts__after_each__the_money_adds_up(place: Town, story: Path) -> None:
    place.told("replay", story)
    with reads(place) as record:
        with record.reads.at_head() as reader:
            last = reader.block.number
        for number in range(record.deployment.first_block, last + 1):
            with record.reads.at(number) as reader:
                for line in reader.lines():
                    deposited, *parts = (getattr(line, term) for term in TERMS)
                    assert deposited == sum(parts), f"line {line.number} at block {number}"


def test_acts__straight_to_the_contract__end_the_same(place: Town, story: Path) -> None:
    told = place.told("replay", story, "--unchecked")
    assert (told["acts"], told["accepted"], told["refused"], told["unexpected"]) == (15, 6, REFUSED, [])
    assert money(place) == AT_THE_END


def test_acts__journal_lost_behind_them__are_not_done_twice(place: Town, story: Path) -> None:
    told = place.told("replay", story)
    (journal,) = (place.data / "replays").glob("*-acts.jsonl")
    whole = journal.read_text().splitlines()
    head = place.head()
    journal.write_text("\n".join(whole[:-1]) + "\n")
    assert place.told("replay", story)["acts"] == told["acts"]
    assert journal.read_text().splitlines() == whole, "the record knows where the act stands"
    assert place.told("audit", "reconcile")["equal"]
    assert place.head() == head


def test_acts__refused_by_a_contract__say_why_and_go_on_once_it_is_mended(
    place: Town, story: Path, tmp_path: Path
) -> None:
    hasty = tmp_path / "hasty"
    shutil.copytree(story, hasty)
    acts = rows_of(hasty / "acts.csv")
    acts[4]["at"] = acts[3]["at"]  # six days after the proposal
    write_rows(hasty / "acts.csv", acts)
    told = place.told("replay", hasty, exit_code=1)
    assert told["error"] == "ProgrammeRegistry_RulesNotRipe"
    assert (place.told("replay", story)["acts"], len(acts)) == (15, 15)
    assert money(place) == AT_THE_END


def test_acts__played_now__are_left_out_and_what_rests_on_them_is_skipped(place: Town, story: Path) -> None:
    place.wait_until(moment("2026-03-20T12:00"))
    told = place.told("replay", story, "--shift-to-now", exit_code=1)
    assert (told["acts"], told["skipped"], told["accepted"]) == (0, 1, 4)
    assert told["refused"] == {"AlreadyRedeemed": 1, "ChannelClosed": 2}, "nothing was taken back, no rules opened more"
    assert told["unexpected"] == [3, 5]


def with_booking(story: Path, folder: Path, **changed: str) -> Path:
    """The story with a booking that differs, and nothing behind it that needs it."""
    shutil.copytree(story, folder)
    acts = [act for act in rows_of(folder / "acts.csv") if act["kind"] != "capture"]
    next(act for act in acts if act["kind"] == "book").update(changed)
    write_rows(folder / "acts.csv", acts)
    return folder


def test_acts__booking_that_is_to_be_refused__is(place: Town, story: Path, tmp_path: Path) -> None:
    booked = next(act for act in rows_of(story / "acts.csv") if act["kind"] == "book")
    folder = with_booking(story, tmp_path / "late", until=booked["at"], expected="LapsePassed")
    told = place.told("replay", folder)
    assert (told["acts"], told["acts_refused"]) == (14, 1)
    assert money(place)[1] == (80_000, 0, 0, 0, 0, 80_000)
    assert place.told("replay", folder)["acts_refused"] == 1


def test_acts__booking_refused_otherwise_than_expected__names_the_act(place: Town, story: Path, tmp_path: Path) -> None:
    folder = with_booking(story, tmp_path / "long", until="2027-01-01T00:00:00Z")
    told = place.told("replay", folder, exit_code=1)
    assert told["error"] == "ActUnexpected"
    assert "LapseBeyondValidity, expected booked" in told["message"]
