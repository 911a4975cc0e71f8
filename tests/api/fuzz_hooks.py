"""What schemathesis sends beside what it draws: in every second body, one that the served world can carry out.

Loaded by schemathesis from its path, in a process of its own; `FUZZ_BODIES` names the file of bodies by operation.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import schemathesis

_BODIES: dict[str, list[Any]] = json.loads(Path(os.environ["FUZZ_BODIES"]).read_text(encoding="utf-8"))


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """The drawn body or, by what was drawn, a good one in its place: the same draw gives the same body again."""
    good, drawn = _BODIES.get(context.operation.label), zlib.crc32(repr(body).encode())
    return body if good is None or drawn % 2 else good[drawn // 2 % len(good)]
