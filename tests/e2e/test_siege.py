"""
two API processes on one PostgreSQL, each with an OPERATOR of its own; every few seconds one of them is killed and started again
└── tills that send every key again and again, every tenth request with another body, and go on at whoever answers
    ├── each key should have exactly one effect: on chain, in the index, as an operation that came to one end
    ├── everybody should be told that one operation, or that the key was used with another body
    └── the index should equal one that is built anew

one node on a file, with two processes that take in; every few seconds one of the three is killed
└── the same

`make siege` does it for three minutes; SEED=n draws other kills and orders.
"""

from __future__ import annotations

import math
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from subprocess import Popen

import pytest
from pydantic import SecretStr

from bench.redemptions.processes import children
from node_api.config import Settings
from node_api.services.indexing import compare
from node_api.storage.engine import open_database
from node_api.storage.index import IndexTables
from node_api.storage.migrate import migrate
from tests.api.conftest import PERSONS, build_world
from tests.api.processes import beside, serving_process
from tests.e2e.errands import (
    Errand,
    Till,
    Told,
    check_effects,
    crowd,
    open_errands,
    operations_of,
    till_key,
    wait_until_final,
)
from tests.storage.conftest import indexer_of
from tests.world import World

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("SIEGE_SECONDS", "10"))
SEED = int(os.environ.get("SIEGE_SEED", "1"))
KEYS_A_SECOND = int(os.environ.get("SIEGE_KEYS", "10"))
TILLS = 10
KILL_AFTER = (2.0, 5.0)


class Besieged:
    """Processes that are killed one at a time."""

    def __init__(self, world: World, settings: Sequence[Settings], *options: str) -> None:
        self._world, self._settings, self._options = world, settings, options
        self._running = [ExitStack() for _ in settings]
        self._processes: dict[int, Popen[str]] = {}
        self._done = threading.Event()
        self.urls = ["" for _ in settings]
        self.kills = 0

    @contextmanager
    def standing(self, seed: int) -> Iterator[None]:
        """All of them are served, and killed by turns, until the context ends; then all are served again."""
        with ExitStack() as everything, ThreadPoolExecutor(1) as pool:
            for number, running in enumerate(self._running):
                everything.enter_context(running)
                self._start(number)
            killing = pool.submit(self._kill_again_and_again, random.Random(seed))
            try:
                yield
            finally:
                self.spare()
                killing.result()

    def spare(self) -> None:
        """Nobody is killed any more."""
        self._done.set()

    def _start(self, number: int) -> None:
        process, url = self._running[number].enter_context(
            serving_process(self._world, self._settings[number], *self._options)
        )
        self._processes[number], self.urls[number] = process, url

    def _kill_again_and_again(self, drawn: random.Random) -> None:
        while not self._done.wait(drawn.uniform(*KILL_AFTER)):
            number = drawn.randrange(len(self._settings))
            victims = [self._processes[number].pid, *children(self._processes[number].pid)]
            victim = drawn.choice(victims)
            self.kills += 1
            os.kill(victim, signal.SIGKILL)
            if victim == victims[0]:
                self._running[number].close()
                self._start(number)


def test_processes__killed_by_turns_under_load__give_each_key_one_effect(
    tmp_path: Path, postgres: Callable[[], str]
) -> None:
    world, settings = build_world(tmp_path / "node-0")
    settings = settings.model_copy(update={"database": SecretStr(postgres())})
    try:
        _besiege(world, settings, Besieged(world, [settings, beside(world, settings, 1)]), tmp_path)
    finally:
        world.stop()
        world.rpc.close()


def test_intakes__killed_by_turns_with_their_node_under_load__give_each_key_one_effect(tmp_path: Path) -> None:
    world, settings = build_world(tmp_path / "node-0")
    try:
        _besiege(world, settings, Besieged(world, [settings], "--intake", "2"), tmp_path)
    finally:
        world.stop()
        world.rpc.close()


def _besiege(world: World, settings: Settings, besieged: Besieged, folder: Path) -> None:
    """Tills ask while processes are killed; then chain, index and operations say what they should."""
    coming = open_errands(world, settings, rounds=math.ceil(SECONDS * KEYS_A_SECOND / PERSONS))
    tills = [Till(besieged.urls, till_key(settings), number) for number in range(TILLS)]
    with besieged.standing(SEED):
        errands, told = _load(tills, coming)
        operations = operations_of(errands, told)
        besieged.spare()
        wait_until_final(settings, operations)
    again = sum(till.again for till in tills)
    print(f"{besieged.kills} kills; {len(told)} answers to {len(errands)} keys, {again} times asked again")
    assert besieged.kills > 0
    check_effects(world, settings, operations)
    _check_rebuilt(world, settings, folder)


def _load(tills: Sequence[Till], coming: Iterator[Errand]) -> tuple[list[Errand], list[Told]]:
    """Some new keys each second at most, as long as time lasts."""
    errands: list[Errand] = []
    told: list[Told] = []
    began = time.monotonic()
    while time.monotonic() < began + SECONDS and (some := list(islice(coming, KEYS_A_SECOND))):
        told += [replace(one, errand=len(errands) + one.errand) for one in crowd(tills, some, SEED + len(errands))]
        errands += some
        time.sleep(max(0.0, began + len(errands) / KEYS_A_SECOND - time.monotonic()))
    return errands, told


def _check_rebuilt(world: World, settings: Settings, folder: Path) -> None:
    index, anew = open_database(settings.database_url), open_database(f"sqlite:///{folder / 'anew.sqlite'}")
    try:
        migrate(anew)
        at, digest = IndexTables(index).digest_of()
        indexer_of(world, anew).catch_up(None if at is None else at.number)
        assert compare(digest, IndexTables(anew).digest()) == []
    finally:
        index.dispose()
        anew.dispose()
