"""
two API processes on one PostgreSQL as it comes, asked by more people at once than they have connections
├── every answer should be 200, or 503 with Retry-After; never 500
├── the server should never hold more connections than the two may open
└── commands should get theirs all the while
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from node_api.storage.engine import open_database, reading
from tests.e2e.test_claim_flood import PROGRAMME, Rush, rush

pytestmark = pytest.mark.slow

AT_ONCE, SECONDS = 120, 8
_HELD = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
_MOST = text("SHOW max_connections")


def test_processes__asked_by_many_at_once__never_fail(tmp_path: Path, postgres: Callable[[], str]) -> None:
    with rush(tmp_path, postgres(), processes=2) as place:
        answers, held = _crowd(place)
    print(f"{answers.total()} answers: {dict(answers)}; at most {max(held)} connections")
    assert set(answers) <= {(200, False), (503, True)}
    assert answers[200, False] > 0
    assert answers.total() >= AT_ONCE
    assert max(held) <= 2 * place.settings.database_connections < 100


def _crowd(place: Rush) -> tuple[Counter[tuple[int, bool]], list[int]]:
    """Asks for some seconds: answers by status and whether they say when to ask again, and connections as a command saw them."""
    until = time.monotonic() + SECONDS
    headers = {"Authorization": f"Bearer {place.token}"}

    def ask(person: int) -> Counter[tuple[int, bool]]:
        told: Counter[tuple[int, bool]] = Counter()
        with httpx.Client(base_url=place.urls[person % 2], headers=headers, timeout=60) as client:
            while True:  # once at least, however busy the machine is
                answer = client.get(f"/v1/programmes/{PROGRAMME}/rounds")
                told[answer.status_code, "Retry-After" in answer.headers] += 1
                if time.monotonic() >= until:
                    return told

    command = open_database(place.settings.database_url, connections=1)
    held: list[int] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = [pool.submit(ask, person) for person in range(AT_ONCE)]
        # Once at least, too: starting so many took longer than this on a busy machine.
        while not held or time.monotonic() < until:
            with reading(command) as connection:
                assert connection.execute(_MOST).scalar_one() == "100"
                held.append(connection.execute(_HELD).scalar_one())
            time.sleep(0.05)
        answers = sum((one.result() for one in asking), Counter[tuple[int, bool]]())
    command.dispose()
    return answers, held
