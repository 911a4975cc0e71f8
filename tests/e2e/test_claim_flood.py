"""
5,000 people, 50 at a time, for 3,000 places, through two API processes that share a database
└── 3,000 should get a place, 2,000 a clear no, nobody two

a fifth of both through one process
└── likewise

Real processes, real HTTP, a real chain; who asks twice, under another key, has a no that says why.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from node_api.chain.keys import KeyRole
from node_api.cli.api_keys import keyring
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Place, ProgrammeId
from node_api.storage.claim_tables import claims
from node_api.storage.engine import open_database, reading
from node_api.storage.reads import IndexReads
from tests.api.conftest import OPEN, build_world
from tests.api.processes import beside, serving_process
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, World

pytestmark = pytest.mark.slow

PEOPLE, PLACES, AT_ONCE = 5_000, 3_000, 50
FIFTH = 5
PROGRAMME, ROUND, BATCH = ProgrammeId(1), 1, 6
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Rush:
    """Where people claim, how many places there are, and where it is written down."""

    urls: Sequence[str]
    token: str
    settings: Settings
    places: int


def test_flood__through_one_process__gives_exactly_the_places(tmp_path: Path) -> None:
    with rush(tmp_path, None, processes=1, places=PLACES // FIFTH) as place:
        _flood(place, PEOPLE // FIFTH)


def test_flood__through_two_processes__gives_exactly_the_places(tmp_path: Path, postgres: Callable[[], str]) -> None:
    with rush(tmp_path, postgres(), processes=2) as place:
        _flood(place, PEOPLE)


@contextmanager
def rush(data: Path, database: str | None, *, processes: int, places: int = PLACES) -> Iterator[Rush]:
    """A world with an open round of so many places, served; each process has a relayer's account of its own."""
    world, settings = build_world(data / "node-0")
    settings = settings.model_copy(update={"database": None if database is None else SecretStr(database)})
    try:
        _open_round(world, places)
        with keyring(settings) as ring:
            token = ring.create(ApiRole.WALLET, "wallet")[1]
        with ExitStack() as running:
            served = [settings, *(beside(world, settings, number) for number in range(1, processes))]
            urls = [running.enter_context(serving_process(world, one))[1] for one in served]
            yield Rush(urls, token, settings, places)
    finally:
        world.stop()
        world.rpc.close()


def _open_round(world: World, places: int) -> None:
    terms = (1, 1, 0, 100, 0, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, PLACES)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["rush"], [terms])
    world.send(KeyRole.TREASURER, "CaseDesk", "openRound", PROGRAMME, (places, STARTS_AT, ENDS_AT, bytes(32), [BATCH]))


def _flood(place: Rush, people: int) -> None:
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {place.token}"}
    with (
        httpx.Client(headers=headers, timeout=PATIENCE_SECONDS, limits=OPEN) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):

        def claim(person: int, again: str = "") -> str:
            body = {"programme": PROGRAMME, "round": ROUND, "person": f"person-{person}"}
            url = place.urls[person % len(place.urls)]
            answer = client.post(f"{url}/v1/claims", json=body, headers={"Idempotency-Key": f"{person}{again}"})
            found = answer.json()
            assert answer.status_code in (202, 422), answer.text
            return str(found["id"] if answer.status_code == 202 else found["reason"])

        told = list(pool.map(claim, range(people)))
        asked = time.monotonic() - began
        accepted = [person for person, answer in enumerate(told) if answer.startswith("cl_")]
        refused = Counter(answer for answer in told if not answer.startswith("cl_"))
        assert (len(accepted), refused) == (place.places, {"ClaimsUsedUp": people - place.places})
        twice = Counter(pool.map(lambda person: claim(person, " again"), accepted[:AT_ONCE]))
        assert twice == {"NullifierUsed": AT_ONCE}
        _wait_until_given(client, place)
        done = time.monotonic() - began
    rolls = _check_record(place, people)
    print(f"{people} asked in {asked:.1f} s, {place.places} placed in {rolls} rolls after {done:.1f} s")


def _wait_until_given(client: httpx.Client, place: Rush) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        (found,) = client.get(f"{place.urls[0]}/v1/programmes/{PROGRAMME}/rounds").json()["rounds"]
        if found["given"] == place.places:
            return
        time.sleep(0.2)
    raise AssertionError(f"only {found['given']} places were given")


def _check_record(place: Rush, people: int) -> int:
    """Every claim came to its end, nobody stands in the rolls of the round twice. Returns how many rolls there are."""
    engine = open_database(place.settings.database_url)
    with reading(engine) as connection:
        ends = connection.execute(select(claims.c.state, func.count()).group_by(claims.c.state)).all()
    with IndexReads(engine).at_head() as reader:
        rolls = [roll for roll in reader.rolls(PROGRAMME) if roll.ref.startswith(f"claims/{PROGRAMME}/{ROUND}/")]
        holders = [holder for roll in rolls for holder in reader.holders(roll.id)]
        (found,) = reader.rounds(PROGRAMME)
        persons = {
            claimed.nullifier
            for roll in rolls
            for at in range(roll.places)
            if (claimed := reader.claimed_place(roll.id, Place(at))) is not None
        }
    engine.dispose()
    assert dict(map(tuple, ends)) == {"succeeded": place.places, "refused": people - place.places + AT_ONCE}
    assert len(holders) == len(set(holders)) == len(persons) == found.given == place.places
    return len(rolls)
