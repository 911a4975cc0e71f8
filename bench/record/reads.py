"""What a node that is served on the record takes: to start, and for reads over HTTP."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import URL

from bench.record.chain import TailedChain
from bench.record.served import served
from bench.record.timing import Spread, seconds, spread
from bench.redemptions.processes import memory_mib
from node_api.cli.api_keys import keyring
from node_api.config import Settings
from node_api.domain.access import ApiRole


@dataclass(frozen=True, slots=True)
class Reads:
    """Paths to read, each time another one."""

    trace: Callable[[], str]
    list: Callable[[], str]
    statement: Callable[[], str]


@dataclass(frozen=True, slots=True)
class OverHttp:
    """A node that is served on the record, one request after the other.

    Attributes:
        start_seconds: from its command to the first answer that it is ready.
        started_mib, mib: its memory then, and after all reads.
    """

    start_seconds: float
    started_mib: int
    trace: Spread
    list: Spread
    statement: Spread
    mib: int


def read_over_http(chain: TailedChain, settings: Settings, database: URL, reads: Reads, times: int) -> OverHttp:
    """Starts a node on the record and reads so many times of each kind, on one connection."""
    at = database.render_as_string(hide_password=False)
    with keyring(Settings(data=settings.data, database=SecretStr(at))) as ring:
        token = ring.create(ApiRole.AUDITOR, "bench")[1]
    with served(chain, settings, at) as node, closing(_line(node.url)) as line:

        def get(path: str) -> None:
            line.request("GET", path, headers={"authorization": f"Bearer {token}"})
            answer = line.getresponse()
            body = answer.read()
            if answer.status != http.client.OK:
                raise ValueError(f"{path}: {answer.status} {body[:500]!r}")

        def of(path: Callable[[], str]) -> Spread:
            return spread(lambda: get(path()), times, times // 10)

        ready = seconds(lambda: get("/readyz"))
        return OverHttp(
            start_seconds=node.seconds + ready,
            started_mib=memory_mib({"node": node.pid})["node"],
            trace=of(reads.trace),
            list=of(reads.list),
            statement=of(reads.statement),
            mib=memory_mib({"node": node.pid})["node"],
        )


def _line(url: str) -> http.client.HTTPConnection:
    place = urlsplit(url)
    return http.client.HTTPConnection(place.hostname or "", place.port)
