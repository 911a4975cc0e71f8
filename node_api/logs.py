"""How a process writes its log: one line of JSON for each event, on stderr."""

from __future__ import annotations

import logging
import sys

import orjson
import structlog
from structlog.typing import Processor


class _Lines:
    """Writes each event as a line of its own, at once: what is killed has told all it did.

    A line that nobody takes (a full disk, a reader that has ended) is lost, or comes with the next one that is taken: the work
    that is told of goes on.
    """

    def msg(self, event: bytes) -> None:
        """Writes one, from any thread."""
        try:
            out = sys.stderr.buffer  # looked up each time: tests exchange it
            out.write(event + b"\n")
            out.flush()
        except OSError:
            pass

    debug = info = warning = error = critical = msg


class _Libraries(logging.Handler):
    """Has what libraries log (uvicorn, asyncio), warnings and above, written as events, too."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging`."""
        try:
            told = {"logger": record.name, "message": record.getMessage(), "exc_info": record.exc_info}
            _log.log(record.levelno // 10 * 10, "library_logged", **told)
        except Exception:  # noqa: BLE001  whoever logs goes on: uvicorn has an answer to send
            self.handleError(record)


_LINES, _LIBRARIES = _Lines(), _Libraries()
_log = structlog.get_logger()


def configure_logs(level: int) -> None:
    """Has events of this level (of `logging`) and above written, with what was bound to the request they belong to."""
    logging.getLogger().addHandler(_LIBRARIES)  # once, however often it is asked
    _configure(
        level,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso"),
        structlog.processors.format_exc_info,
        lambda _, __, event: orjson.dumps(event, default=str),
    )


def configure_supervisors_log() -> None:
    """Has every event written with its time, in Unix seconds."""
    rendered = structlog.processors.JSONRenderer()
    _configure(
        logging.NOTSET,
        structlog.processors.TimeStamper(),
        lambda logger, name, event: str(rendered(logger, name, event)).encode(),
    )


def _configure(level: int, *processors: Processor) -> None:
    structlog.configure(
        processors=list(processors),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _LINES,
    )
