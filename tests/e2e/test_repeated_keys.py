"""
50 tills send the same 200 keys, each in an order of its own, every tenth request with another body: 10,000 requests
├── exactly 200 should have an effect: on chain, in the index, as operations
├── who sends the body that came first should be told the one operation of the key
└── who sends the other should be told that the key was used
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from tests.api.conftest import build_world
from tests.api.processes import serving_process
from tests.e2e.errands import Till, check_effects, crowd, open_errands, operations_of, till_key, wait_until_final

pytestmark = pytest.mark.slow

TILLS, KEYS, SEED = 50, 200, 5


def test_keys__sent_by_many_with_changed_bodies__have_one_effect_each(tmp_path: Path) -> None:
    world, settings = build_world(tmp_path / "node")
    try:
        errands = list(islice(open_errands(world, settings, rounds=1), KEYS))
        token = till_key(settings)
        with serving_process(world, settings) as (_, url):
            tills = [Till([url], token, number) for number in range(TILLS)]
            told = crowd(tills, errands, SEED)
            operations = operations_of(errands, told)
            wait_until_final(settings, operations)
        answers = Counter(one.named if one.status == 422 else "the operation" for one in told)
        print(f"{len(told)} requests, {len(operations)} effects, {dict(answers)}")
        assert (len(told), len(operations), sum(till.again for till in tills)) == (TILLS * KEYS, KEYS, 0)
        assert answers["IdempotencyKeyReused"] + answers["the operation"] == TILLS * KEYS
        check_effects(world, settings, operations)
    finally:
        world.stop()
        world.rpc.close()
