"""
schemathesis over the OpenAPI file, in all its phases where it is given time, else by draws and along the links
└── every operation, with the API key of a role that reaches it, drawn and good ids, drawn and good bodies
    └── every answer should be one that is declared, with the type, the headers and the schema declared: so 500 is none

`make fuzz-api` asks with 500 examples an operation; SEED=n draws others.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from node_api.api.access import ROLES
from node_api.chain.keys import KeyRole
from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from tests.api.conftest import Client, Json, Served, serving_world
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7_200)]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
HOOKS = Path(__file__).with_name("fuzz_hooks.py")
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
MANY = 20
"""With fewer examples, the bounds of everything are not tried one by one: that takes longest, and is the same with every seed."""
STORIES = 10
"""Walks along links at least; most of them end at their first step."""
EACH = 15
"""Good bodies of each kind."""


def test_api__asked_anything_the_description_allows__answers_as_described(tmp_path: Path) -> None:
    with serving_world(tmp_path / "node") as served:
        config, bodies = tmp_path / "schemathesis.toml", tmp_path / "bodies.json"
        bodies.write_text(json.dumps(good_bodies(served)), encoding="utf-8")
        config.write_text(configuration(served), encoding="utf-8")
        command = [
            str(Path(sys.executable).with_name("st")),
            "--config-file",
            str(config),
            "run",
            f"{served.url}/openapi.json",
        ]
        assert served.with_token(None).get("/openapi.json").status_code == 200  # built once, however long it takes
        environment = {**os.environ, "FUZZ_BODIES": str(bodies)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.search(r"Tested: ([0-9]+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) >= len(ROLES)


def configuration(served: Served) -> str:
    """How many examples, which checks, whose API key for which operation, and ids that there are."""
    world = served.world
    known: dict[str, list[str | int]] = {
        "programme": ["1", "2", "programme-Meals"],
        "merchant": [1, 2],
        "voucher": [served.voucher(4, person) for person in range(EACH)],
        "address": [*world.holder_addresses],
        "person": [f"person-{person}" for person in range(EACH)],
    }
    lines = [
        f"seed = {SEED}",
        f"generation.max-examples = {EXAMPLES}",
        f"phases.stateful.generation.max-examples = {max(EXAMPLES, STORIES)}",
        *(f"phases.{phase}.enabled = {json.dumps(EXAMPLES >= MANY)}" for phase in ("examples", "coverage")),
        f'hooks = "{HOOKS}"',
        "continue-on-failure = true",
        "request-timeout = 120.0",
        "wait-for-schema = 120.0",
        'suppress-health-check = ["all"]',
        "checks.enabled = false",
        *(f"checks.{check}.enabled = true" for check in CHECKS),
    ]
    for name, values in known.items():
        lines.append(f"dictionaries.{name}.values = {json.dumps(values)}")
        lines.append(f'parameters.{name} = {{ dictionary = "{name}", probability = 0.5 }}')
    for route, token in _keys(served):
        lines += ["[[operations]]", f'include-name = "{route}"', f'headers = {{ Authorization = "Bearer {token}" }}']
    return "\n".join(lines) + "\n"


def _keys(served: Served) -> Iterator[tuple[str, str]]:
    """An API key for each operation: of the first of the roles that reach it."""
    tokens = {}
    for role in ApiRole:
        merchant = MerchantId(1) if role is ApiRole.MERCHANT else None
        tokens[role] = served.node.keyring.create(role, f"fuzz {role}", merchant)[1]
    for route, roles in ROLES.items():
        yield route, tokens[min(roles, key=list(ApiRole).index)]


def good_bodies(served: Served) -> dict[str, list[Json]]:
    """Bodies by operation that would be carried out, each for persons and vouchers of its own."""
    world, wallet, persons = served.world, served.client(ApiRole.WALLET), count()
    terms = (1, 1, 0, 1, 0, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 50)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["fuzz"], [terms])
    world.send(KeyRole.TREASURER, "CaseDesk", "openRound", 1, (50, STARTS_AT, ENDS_AT, bytes(32), [world.last_batch()]))

    def order() -> Json:
        person = next(persons)
        whose = {"programme": "programme-Meals", "person": f"person-{person}", "merchant": 1}
        return {**whose, "vouchers": [served.voucher(4, person)], "receipt": f"0x{person:064x}", "bill": 5_000}

    def wish() -> Json:
        asked = order()
        del asked["receipt"], asked["bill"]
        return {**asked, "service": "0x" + "07" * 32, "lapse_at": ENDS_AT - 1}

    def code() -> Json:
        return {"code": _made(wallet, "codes", order())["code"]}

    def some(make: Callable[[], Json]) -> list[Json]:
        return [make() for _ in range(EACH)]

    frozen = [{"subject": "merchant", "number": 2, "reason": "looked at"}]
    return {
        "POST /v1/wallet/codes": some(order),
        "POST /v1/redemptions": some(code),
        "POST /v1/redemptions/check": some(code),
        "POST /v1/redemptions/batch": [{"items": some(code)[:3]} for _ in range(3)],
        "POST /v1/wallet/bookings": some(wish),
        "POST /v1/wallet/nullifiers": [{"programme": 1, "person": f"person-{n}"} for n in range(EACH)],
        "POST /v1/claims": [{"programme": 1, "round": 1, "person": f"claimant-{n}"} for n in range(EACH)],
        "POST /v1/freezes": [{**frozen[0], "until": STARTS_AT + 86_400}],
        "POST /v1/freezes/lift": frozen,
        "POST /v1/freezes/confirm": frozen,
        "PUT /v1/webhooks/{name}": [{"url": "https://192.0.2.1/hook"}],
    }


def _made(wallet: Client, what: str, body: Json) -> Json:
    answer = wallet.post(f"/v1/wallet/{what}", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
