"""
schemathesis over the OpenAPI file, in all its phases where it is given time, else by draws and along the links
├── every write has good requests, and one of each kind is carried out, or refused by the contract
└── every operation, with the API key of a role that reaches it, drawn and good ids, drawn and good requests
    ├── every answer should be one that is declared, with the type, the headers and the schema declared: so 500 is none
    └── given time, every operation should have been reached: what is refused at the door says nothing of it

`make fuzz-api` asks with 500 examples an operation; SEED=n draws others.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path

import pytest

from node_api.api.access import ROLES
from node_api.domain.access import ApiRole
from node_api.domain.ids import MerchantId
from tests.api.conftest import Served, serving_world
from tests.api.fuzz_good import EACH, WEBHOOK, Good, good_requests
from tests.world import TRANSFERABLE

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
DOOR = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What is answered before an operation's own work, or where it found nothing."""
REFUSED = {"POST /v1/freezes/confirm", "POST /v1/revocations", "POST /v1/extensions"}
"""By the contract: they take a second auditor, or a batch that ends before its programme."""
ENDED = {"booking": "/v1/bookings/{booking}/capture", "dispute": "/v1/disputes/{dispute}/decision"}
"""What there is some of, and what ends it."""
NOTHING_THERE = {"GET /v1/settlements/{run}"}
"""Nobody settles in this world: days would have to pass."""


def test_api__asked_anything_the_description_allows__answers_as_described(tmp_path: Path) -> None:
    with serving_world(tmp_path / "node", flags=TRANSFERABLE) as served:
        config, requests, seen = (tmp_path / name for name in ("schemathesis.toml", "good.json", "seen"))
        good, tokens = good_requests(served), dict(_keys(served))
        require_good(served, good, tokens)
        told = {route: list(map(asdict, some)) for route, some in good.items()}
        requests.write_text(json.dumps(told), encoding="utf-8")
        config.write_text(configuration(served, good, tokens), encoding="utf-8")
        command = [
            str(Path(sys.executable).with_name("st")),
            "--config-file",
            str(config),
            "run",
            f"{served.url}/openapi.json",
        ]
        assert served.with_token(None).get("/openapi.json").status_code == 200  # built once, however long it takes
        environment = {**os.environ, "FUZZ_GOOD": str(requests), "FUZZ_SEEN": str(seen)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.search(r"Tested: ([0-9]+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) >= len(ROLES)
    answered = [line.split(" ", 1) for line in seen.read_text(encoding="utf-8").splitlines()]
    reached = {route for status, route in answered if int(status) not in DOOR}
    assert EXAMPLES < MANY or ROLES.keys() - reached <= NOTHING_THERE


def require_good(served: Served, good: Mapping[str, list[Good]], tokens: Mapping[str, str]) -> None:
    """Every write has good requests; the last one of each kind is sent, and left out of what is sent later where it can."""
    assert good.keys() == {route for route in ROLES if route.startswith(("POST", "PUT"))}
    for route in sorted(good, key=_order):
        one = good[route].pop() if len(good[route]) > 1 else good[route][0]
        method, _, path = route.partition(" ")
        client, headers = served.with_token(tokens[route]), {"Idempotency-Key": f"good {route}"}
        answer = client.http.request(method, path.format(**one.path), json=one.body, headers=headers)
        ends = {HTTPStatus.UNPROCESSABLE_ENTITY} if route in REFUSED else {HTTPStatus.OK, HTTPStatus.ACCEPTED}
        assert answer.status_code in ends, f"{route}: {answer.status_code} {answer.text}"


def _order(route: str) -> bool:
    """What needs something that another one makes comes later."""
    return route.startswith("POST /v1/webhooks")


def configuration(served: Served, good: Mapping[str, list[Good]], tokens: Mapping[str, str]) -> str:
    """How many examples, which checks, whose API key for which operation, and ids that there are."""
    world = served.world
    known: dict[str, list[str | int]] = {
        "programme": ["1", "2", "programme-Meals"],
        "merchant": [1, 2],
        "voucher": [served.voucher(4, person) for person in range(EACH)],
        "address": [*world.holder_addresses],
        "person": [f"person-{person}" for person in range(EACH)],
        "name": [WEBHOOK, *(f"nobody-{number}" for number in range(EACH))],
        **{name: [one.path[name] for one in good[f"POST {path}"]] for name, path in ENDED.items()},
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
    for route, token in tokens.items():
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
