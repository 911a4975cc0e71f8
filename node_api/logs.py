"""How a process writes its log: one line of JSON for each event, on stderr."""

from __future__ import annotations

import sys
from typing import Any

import orjson
import structlog


def configure_logs(level: int) -> None:
    """Has events of this level (of `logging`) and above written, with what was bound to the request they belong to."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(_written),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # looked up each time: tests exchange it
    )


def _written(event: dict[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
