"""What schemathesis sends beside what it draws: in every second request, one that the served world can carry out.

Loaded by schemathesis from its path, in a process of its own; `FUZZ_GOOD` names the file of good requests by operation, and
`FUZZ_SEEN` the one that each answer's operation and status is told to.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import schemathesis

_GOOD: dict[str, list[dict[str, Any]]] = json.loads(Path(os.environ["FUZZ_GOOD"]).read_text(encoding="utf-8"))
_SEEN = Path(os.environ["FUZZ_SEEN"])
_KEYS = 3
"""A good request comes again with its key, and under others."""


@schemathesis.hook
def map_case(_: Any, case: Any) -> Any:
    """The drawn request or, by what was drawn, a good one in its place: the same draw gives the same request again."""
    good = _GOOD.get(case.operation.label)
    drawn = zlib.crc32(repr((case.body, case.path_parameters, case.query)).encode())
    if good is None or drawn % 2:
        return case
    at = drawn // 2 % len(good)
    if good[at]["body"] is not None:
        case.body = good[at]["body"]
    case.path_parameters = {**(case.path_parameters or {}), **good[at]["path"]}
    case.headers["Idempotency-Key"] = f"fuzz {case.operation.label} {at} {drawn // 2 % _KEYS}"
    return case


@schemathesis.hook
def after_call(_: Any, case: Any, response: Any) -> None:
    """Tells which operation was answered with what."""
    with _SEEN.open("a", encoding="utf-8") as seen:
        seen.write(f"{response.status_code} {case.operation.label}\n")
