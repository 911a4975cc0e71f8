"""Requests that take effect once, asked for again: what they are told, and how often they are sent.

once
├── new → sent, told from the record, whatever that says    ├── the key with another body → IdempotencyKeyReused, nothing sent
├── came before and done → told, nothing sent               ├── came before and not done → sent
├── refused, and not done → the refusal
├── refused, done meanwhile by the same request → told: by the one that came first as by the one that came second
├── refused, another one done → the refusal, also where it is asked for again
├── refused, done before the key came → the refusal: that was somebody else
└── refused, asked for again, and the chain gives no answer → that, so that it is asked once more
an order of an auditor, refused
├── because the same one was under way → nothing was sent
└── for another reason → the refusal
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from node_api.domain.errors import CaseRefused, ChainUnavailable, IdempotencyKeyReused, OversightRefused
from node_api.domain.ids import VoucherId
from node_api.services.once import Asked, Told, once
from node_api.services.oversight import Oversight
from node_api.services.ports.oversight import Revoke

KEY = Asked("merchant:1", "key", "body")


class Keys:
    """Implements `CaseRequests`."""

    def __init__(self, *taken: Asked) -> None:
        self._taken = {one[:2]: one.body_hash for one in taken}

    def take(self, owner: str, key: str, body_hash: str) -> str | None:
        before = self._taken.get((owner, key))
        self._taken.setdefault((owner, key), body_hash)
        return before


class Chain:
    """Takes one thing once. `on_send` is called before the contract looks, `on_read` before the record is read."""

    def __init__(self, *, done: bool = False) -> None:
        self.done, self.sent, self.exact = done, 0, True
        self.on_send: Callable[[], object] = lambda: None
        self.on_read: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    def read(self) -> Told[str] | None:
        self.on_read()
        return Told("done", self.exact) if self.done else None

    def send(self) -> None:
        self.on_send()
        with self._lock:
            self.sent += 1
            if self.done:
                raise refusal()
            self.done = True


def refusal() -> CaseRefused:
    return CaseRefused("CaseDesk_ReversedBefore", "redemption 1", "once", "nothing")


def ask(chain: Chain, keys: Keys, asked: Asked = KEY) -> str:
    return once(keys, asked, chain.read, chain.send)


def test_once__new__is_sent_and_told() -> None:
    chain = Chain()
    assert (ask(chain, Keys()), chain.sent) == ("done", 1)


def test_once__asked_for_again__is_told_without_being_sent() -> None:
    chain = Chain(done=True)
    assert (ask(chain, Keys(KEY)), chain.sent) == ("done", 0)


def test_once__asked_for_again_and_not_done__is_sent() -> None:
    chain = Chain()
    assert (ask(chain, Keys(KEY)), chain.sent) == ("done", 1)


def test_once__sent_and_not_quite_what_the_record_tells__is_told() -> None:
    chain = Chain()
    chain.exact = False
    assert ask(chain, Keys()) == "done"


def test_once__asked_for_again_where_another_was_done__is_refused() -> None:
    chain = Chain(done=True)
    chain.exact = False
    with pytest.raises(CaseRefused):
        ask(chain, Keys(KEY))
    assert chain.sent == 1


def test_once__key_with_another_body__is_refused() -> None:
    chain = Chain()
    with pytest.raises(IdempotencyKeyReused):
        ask(chain, Keys(KEY), KEY._replace(body_hash="other"))
    assert chain.sent == 0


def test_once__refused_and_not_done__says_so() -> None:
    chain, keys = Chain(), Keys()

    def refuse() -> None:
        raise refusal()

    chain.on_send = refuse
    for _ in range(2):
        with pytest.raises(CaseRefused):
            ask(chain, keys)


def test_once__done_before_the_key_came__is_refused() -> None:
    with pytest.raises(CaseRefused):
        ask(Chain(done=True), Keys())


def test_once__the_same_request_twice_at_once__tells_both() -> None:
    chain, keys, both = Chain(), Keys(), threading.Barrier(2)
    chain.on_send = both.wait
    with ThreadPoolExecutor(2) as pool:
        told = [one.result(10) for one in [pool.submit(ask, chain, keys) for _ in range(2)]]
    assert (told, chain.sent) == (["done", "done"], 2)


@pytest.mark.parametrize("moment", ["on_read", "on_send"])
def test_once__the_first_of_a_key_overtaken_by_the_second__tells_both(moment: str) -> None:
    chain, keys, told = Chain(), Keys(), []

    def overtake() -> None:
        setattr(chain, moment, lambda: None)
        told.append(ask(chain, keys))

    setattr(chain, moment, overtake)
    assert [ask(chain, keys), *told] == ["done", "done"]


def test_once__refused_and_no_answer_then__is_to_be_asked_once_more() -> None:
    chain = Chain()

    def fail() -> None:
        raise ChainUnavailable("down")

    def break_down() -> None:
        chain.done, chain.on_read = True, fail

    chain.on_send = break_down
    with pytest.raises(ChainUnavailable):
        ask(chain, Keys(KEY))


class Desk:
    """Refuses an order that stands; `stands` is what it finds."""

    def __init__(self, *, stands: bool) -> None:
        self.stands, self.revoked = stands, False

    def carry_out(self, _: Any) -> None:
        self.revoked = self.stands
        raise OversightRefused("CaseDesk_RevokedBefore", "voucher 1", "once", "nothing")

    def revocation_of(self, _: VoucherId) -> object:
        return SimpleNamespace(reason="why") if self.revoked else None

    @contextmanager
    def open(self) -> Iterator[tuple[Any, int]]:
        yield SimpleNamespace(revocation_of=self.revocation_of, block="block"), 0


def order_of(desk: Desk) -> Any:
    fresh: Any = desk
    return Oversight(fresh, desk).act(Revoke((VoucherId(1),), "why"))


def test_order__the_same_under_way__is_told_as_done() -> None:
    assert order_of(Desk(stands=True)) == (False, "block")


def test_order__refused_for_another_reason__says_so() -> None:
    with pytest.raises(OversightRefused):
        order_of(Desk(stands=False))
