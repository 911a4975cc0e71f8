"""What is measured: the node by single requests and by the batch endpoint, and the two peers."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from bench.redemptions.client import Answers, pace, post, rush
from bench.redemptions.town import Place, Town, process
from bench.redemptions.traffic import Json, Signed, Traffic, message

_WAIT = 30
_OK = 200


class NotRedeemed(Exception):
    """An answer was not what a redemption is answered with: nothing is measured then."""


@dataclass(frozen=True, slots=True)
class Done:
    """So many redemptions in so many seconds.

    Attributes:
        own_cpu: CPU seconds of the load generator.
        latencies: seconds of each request.
    """

    redemptions: int
    seconds: float
    own_cpu: float
    latencies: Sequence[float]


class Subject(Protocol):
    """Something that redeems."""

    step: int
    """It redeems a multiple of this."""

    def prepare(self, count: int) -> Sequence[bytes]:
        """Signs so many; what it is then sent for them, in equal parts.

        Raises:
            Exhausted: there are not so many vouchers left.
        """
        ...

    def redeem(self, prepared: Sequence[bytes], rate: float = 0) -> Done:
        """Redeems what was prepared, as fast as it can, or so many a second.

        Raises:
            NotRedeemed: one of them was not accepted.
        """
        ...


@dataclass(slots=True)
class Node:
    """The node, `step` redemptions in a request: 1 by each merchant's own key, more by a platform's."""

    url: str
    town: Town
    traffic: Traffic
    step: int
    connections: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def prepare(self, count: int) -> Sequence[bytes]:
        """See the protocol."""
        signed = self.traffic.sign(count)
        parts = [signed[at : at + self.step] for at in range(0, count, self.step)]
        return [self._single(part[0]) if self.step == 1 else self._batch(part) for part in parts]

    def redeem(self, prepared: Sequence[bytes], rate: float = 0) -> Done:
        """See the protocol."""
        found = _answered(self.url, prepared, self.connections, rate)
        for answer in found.answers:
            states = [item["state"] for item in orjson.loads(answer.body)["items"]]
            if states != ["succeeded"] * len(states):
                raise NotRedeemed(f"{states}: {answer.body[:2_000]!r}")
        return _done(len(prepared) * self.step, found)

    def _single(self, one: Signed) -> bytes:
        token = self.town.tokens[one.item.merchant]
        path, key = f"/v1/redemptions?wait={_WAIT}", f"single-{next(self._numbers)}"
        return post(path, token, key, orjson.dumps(one.body()))

    def _batch(self, part: Sequence[Signed]) -> bytes:
        body = {"items": [one.body() for one in part]}
        path, key = f"/v1/redemptions/batch?wait={_WAIT}", f"batch-{next(self._numbers)}"
        return post(path, self.town.tokens[0], key, orjson.dumps(body))


@dataclass(slots=True)
class FastApiPeer:
    """The peer behind FastAPI."""

    url: str
    traffic: Traffic
    connections: int
    step: int = 1
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def prepare(self, count: int) -> Sequence[bytes]:
        """See the protocol."""
        bodies = [orjson.dumps(plain_body(one)) for one in self.traffic.sign(count)]
        return [post("/redemptions", None, f"peer-{next(self._numbers)}", body) for body in bodies]

    def redeem(self, prepared: Sequence[bytes], rate: float = 0) -> Done:
        """See the protocol."""
        return _done(len(prepared), _answered(self.url, prepared, self.connections, rate))


@dataclass(slots=True)
class PlainPeer:
    """web3.py in a loop, in a process of its own."""

    running: subprocess.Popen[str]
    traffic: Traffic
    step: int = 1

    def prepare(self, count: int) -> Sequence[bytes]:
        """See the protocol."""
        return [orjson.dumps(plain_body(one)) for one in self.traffic.sign(count)]

    def redeem(self, prepared: Sequence[bytes], rate: float = 0) -> Done:  # noqa: ARG002  one after the other has no rate
        """See the protocol."""
        assert self.running.stdin is not None
        assert self.running.stdout is not None
        cpu = time.process_time()
        self.running.stdin.write(f"[{b','.join(prepared).decode()}]\n")
        self.running.stdin.flush()
        told = self.running.stdout.readline()
        if not told:
            raise NotRedeemed("web3.py in a loop ended before its time")
        return Done(len(prepared), float(told), time.process_time() - cpu, ())


def plain_body(one: Signed) -> Json:
    """For the peers: numbers as numbers, and whose signature it is to be."""
    spoken = message(one.item)
    numbers = {name: int(str(spoken[name])) for name in ("merchant", "bill", "channel", "deadline")}
    spends = [{"voucher": s.voucher, "amount": s.amount, "sequence": s.sequence} for s in one.item.spends]
    redemption = {**spoken, **numbers, "spends": spends}
    return {"redemption": redemption, "signature": "0x" + one.item.signature.hex(), "holder": one.holder}


@contextmanager
def fastapi_peer(town: Town, place: Place) -> Iterator[str]:
    """The peer on a place's chain, as long as the context lasts; gives its address."""
    command = [*_peer(town, place, "fastapi_web3"), "--database", str(place.data / "peer.sqlite")]
    with process(command, place.data / "peer.log") as (running, line):
        place.processes["peer"] = running.pid
        yield str(orjson.loads(line)["url"])


@contextmanager
def plain_peer(town: Town, place: Place) -> Iterator[subprocess.Popen[str]]:
    """The loop on a place's chain, as long as the context lasts."""
    with process(_peer(town, place, "plain_web3"), place.data / "peer.log") as (running, _):
        place.processes["peer"] = running.pid
        yield running


def _peer(town: Town, place: Place, module: str) -> list[str]:
    options = {"chain": place.chain_url, "vouchers": town.vouchers, "chain-id": str(town.chain_id)}
    told = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", f"bench.peers.{module}", *told, "--keys", str(place.data / "keys")]


def _answered(url: str, requests: Sequence[bytes], connections: int, rate: float) -> Answers:
    found = pace(url, requests, connections, rate) if rate else rush(url, requests, connections)
    for answer in found.answers:
        if answer.status != _OK:
            raise NotRedeemed(f"{answer.status}: {answer.body[:2_000]!r}")
    return found


def _done(count: int, found: Answers) -> Done:
    return Done(count, found.seconds, found.cpu, [answer.seconds for answer in found.answers])
