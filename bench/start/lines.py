"""The lines of starting, from command to first answer: a node whose index knows its chain, and the peer behind FastAPI."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.redemptions.chain import client_version
from bench.redemptions.processes import memory_mib
from bench.redemptions.subjects import fastapi_peer
from bench.redemptions.town import Place, Town, copied, served

_STARTS = 5
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """What one line of the table says.

    Attributes:
        seconds: of each start.
        memory_mib: of its process once it has answered, of the last start.
    """

    name: str
    engine: str
    seconds: Sequence[float]
    memory_mib: int

    @property
    def median(self) -> float:
        """Of the seconds."""
        return statistics.median(self.seconds)


def measure(town: Town, work: Path) -> list[Line]:
    """Both on the chain of one copy of the town."""
    with copied(town, work / "start") as place:
        _started(place, "node", "/readyz", lambda: served(place))  # has read the chain into its index
        engine = client_version(place.chain_url)
        return [
            _line("node, served", engine, place, "node", "/readyz", lambda: served(place)),
            _line("FastAPI + AsyncWeb3", engine, place, "peer", "/openapi.json", lambda: fastapi_peer(town, place)),
        ]


def _line(
    title: str, engine: str, place: Place, process: str, path: str, start: Callable[[], AbstractContextManager[str]]
) -> Line:
    found = [_started(place, process, path, start) for _ in range(_STARTS)]
    return Line(title, engine, [seconds for seconds, _ in found], found[-1][1])


def _started(
    place: Place, process: str, path: str, start: Callable[[], AbstractContextManager[str]]
) -> tuple[float, int]:
    """Seconds until it answered 200 there, and its memory then."""
    began = time.perf_counter()
    with start() as url:
        while not _answers(url, path):
            if time.perf_counter() - began > _SECONDS:
                raise ChildProcessError(f"{path} did not answer within {_SECONDS} s")
        return time.perf_counter() - began, memory_mib({process: place.processes[process]})[process]


def _answers(url: str, path: str) -> bool:
    at = urlsplit(url)
    with closing(http.client.HTTPConnection(at.hostname or "", at.port)) as line:
        line.request("GET", path)
        return line.getresponse().status == http.client.OK
