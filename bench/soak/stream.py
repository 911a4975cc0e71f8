"""A stream of redemptions: so many a second, each an operation of its own, and what became of every one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from bench.redemptions.town import Town
from bench.redemptions.traffic import Signed

_SENDERS, _PATIENCE, _LOOK_EVERY = 8, 300.0, 1.0
_UNDER_WAY = ("queued", "sent")


@dataclass(slots=True)
class Stream:
    """Tills of the town, sending to one node.

    Attributes:
        operations: id of each that the node took in.
        not_taken: answers that took nothing in, by status; they are sent again with their key until taken.
    """

    url: str
    town: Town
    operations: list[str] = field(default_factory=list)
    not_taken: Counter[str] = field(default_factory=Counter)

    def run(self, signed: Sequence[Signed], rate: float) -> None:
        """Sends them one after the other, so many a second, and returns once all were taken in."""
        began = time.monotonic()
        with httpx.Client(base_url=self.url, timeout=60) as client, ThreadPoolExecutor(_SENDERS) as pool:
            sent = []
            for number, one in enumerate(signed):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                sent.append(pool.submit(self._send, client, number, one))
            self.operations += [one.result() for one in sent]

    def ended(self) -> Counter[str]:
        """Waits until every operation has come to an end, five minutes at most; the states they are in."""
        deadline = time.monotonic() + _PATIENCE
        states = dict.fromkeys(self.operations, _UNDER_WAY[0])
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while (open_ones := [one for one, state in states.items() if state in _UNDER_WAY]) and (
                time.monotonic() < deadline
            ):
                for one in open_ones:
                    states[one] = self._look(client, one)
                time.sleep(_LOOK_EVERY)
        return Counter(states.values())

    def _send(self, client: httpx.Client, number: int, one: Signed) -> str:
        headers = {
            "Authorization": f"Bearer {self.town.tokens[one.item.merchant]}",
            "Idempotency-Key": f"soak-{number}",
        }
        while True:
            answer = client.post("/v1/redemptions", json=one.body(), headers=headers)
            if answer.status_code in (200, 202):
                return str(answer.json()["id"])
            self.not_taken[str(answer.status_code)] += 1
            if answer.status_code < 500:
                raise RuntimeError(f"a redemption was not taken in: {answer.status_code} {answer.text}")
            time.sleep(_LOOK_EVERY)

    def _look(self, client: httpx.Client, operation: str) -> str:
        headers = {"Authorization": f"Bearer {self.town.tokens[0]}"}
        answer = client.get(f"/v1/operations/{operation}", headers=headers)
        answer.raise_for_status()
        return str(answer.json()["state"])
