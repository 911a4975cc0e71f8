"""Errands of tills: redemptions under keys that come again and again, now and then with another body, and what became of each."""

from __future__ import annotations

import http.client
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Engine, func, select

from node_api.chain.clock import ChainClock
from node_api.chain.eip712 import redemption_digest
from node_api.chain.keys import KeyRing, KeyRole
from node_api.chain.wallet import CustodialWallet
from node_api.cli.api_keys import keyring
from node_api.config import Settings
from node_api.domain.access import ApiRole
from node_api.domain.ids import Amount, Hash, MerchantId, UnixSeconds, VoucherId
from node_api.domain.items import Item, Spend
from node_api.storage import operation_tables as o
from node_api.storage import tables as t
from node_api.storage.engine import open_database, reading
from tests.api.conftest import PERSONS
from tests.api.processes import logged_times
from tests.api.test_redeeming import signed_message
from tests.world import BEIJING, CATERING, ENDS_AT, STARTS_AT, World

PATIENCE_SECONDS = 180
ROLL, MERCHANT, FACE = 4, 1, 1
CHANGED_EVERY = 10
_AGAIN_SECONDS = 0.05
_VALID_SECONDS = 3_000
_REUSED = "IdempotencyKeyReused"


@dataclass(frozen=True, slots=True)
class Errand:
    """One key. Each of its two bodies redeems a voucher of its own: were both carried out, it would show."""

    key: str
    bodies: tuple[bytes, bytes]
    vouchers: tuple[VoucherId, VoucherId]


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: to which body of which errand, and the operation or the reason that it names."""

    errand: int
    body: int
    status: int
    named: str


def open_errands(world: World, settings: Settings, rounds: int) -> Iterator[Errand]:
    """Errands of two hundred persons each round; all their vouchers are issued now."""
    first = world.last_batch() + 1
    terms = (1, 1, 0, FACE, 0, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, PERSONS)
    names = [f"errand-{number}" for number in range(2 * rounds)]
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", names, [terms] * len(names))
    world.send(KeyRole.TREASURER, "Vouchers", "issue", range(first, first + 2 * rounds), [ROLL])
    return _errands(world, settings, first, rounds)


def _errands(world: World, settings: Settings, first: int, rounds: int) -> Iterator[Errand]:
    wallet = CustodialWallet(KeyRing(settings.keys_folder).unsafe_wallet_master())
    deadline = UnixSeconds(ChainClock(world.rpc).last_block_time() + _VALID_SECONDS)
    for number in range(rounds * PERSONS):
        batch, person = first + 2 * (number // PERSONS), number % PERSONS
        vouchers = (world.voucher(batch, ROLL, person), world.voucher(batch + 1, ROLL, person))
        one, other = (_body(world, wallet, person, voucher, deadline) for voucher in vouchers)
        yield Errand(f"errand-{number}", (one, other), vouchers)


def _body(world: World, wallet: CustodialWallet, person: int, voucher: VoucherId, deadline: UnixSeconds) -> bytes:
    receipt, spends = Hash(f"0x{voucher:064x}"), (Spend(voucher, Amount(FACE)),)
    item = Item(spends, MerchantId(MERCHANT), Amount(5_000), receipt, 0, deadline)
    signature = wallet.sign("programme-Meals", f"person-{person}", redemption_digest(world.domain, item))
    return orjson.dumps(signed_message(item.signed(signature)))


def till_key(settings: Settings) -> str:
    """The API key that all tills share."""
    with keyring(settings) as ring:
        return ring.create(ApiRole.MERCHANT, "tills", MerchantId(MERCHANT))[1]


class Till:
    """Asks one request after the other, at whichever process answers."""

    def __init__(self, urls: Sequence[str], token: str, number: int) -> None:
        """`urls` may change meanwhile; till 0 waits for what becomes of it."""
        self._urls, self._at, self._number = urls, number, number
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._path = "/v1/redemptions?wait=10" if number == 0 else "/v1/redemptions"
        self._connection: http.client.HTTPConnection | None = None
        self.again = 0
        """How often nobody answered, or asked to come again."""

    def ask_all(self, errands: Sequence[Errand], seed: int) -> list[Told]:
        """Every errand, in an order of its own; every tenth with the other body."""
        order = list(range(len(errands)))
        random.Random(f"{seed}/{self._number}").shuffle(order)
        return [self._ask(errands[at], at, int((at + self._number) % CHANGED_EVERY == 0)) for at in order]

    def _ask(self, errand: Errand, at: int, body: int) -> Told:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._try(errand.bodies[body], errand.key)
            if answer is not None:
                status, content = answer
                found = orjson.loads(content)
                return Told(at, body, status, str(found["id"] if status in (200, 202) else found["reason"]))
            self.again += 1
            time.sleep(_AGAIN_SECONDS)
        raise AssertionError(f"nobody answered {errand.key} for {PATIENCE_SECONDS} s")

    def _try(self, body: bytes, key: str) -> tuple[int, bytes] | None:
        """Status and content; None where it has to be asked again."""
        if self._connection is None:
            place = urlsplit(self._urls[self._at % len(self._urls)])
            self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE_SECONDS)
        try:
            self._connection.request("POST", self._path, body, {**self._headers, "Idempotency-Key": key})
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            self._at += 1
            return None
        if answer.status == 503:
            assert answer.headers["Retry-After"], content
            return None
        return answer.status, content

    def close(self) -> None:
        """Hangs up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def crowd(tills: Sequence[Till], errands: Sequence[Errand], seed: int) -> list[Told]:
    """All tills at once, each with all errands."""
    with ThreadPoolExecutor(len(tills)) as pool:
        asked = [pool.submit(till.ask_all, errands, seed) for till in tills]
        told = [answer for one in asked for answer in one.result()]
    for till in tills:
        till.close()
    return told


def operations_of(errands: Sequence[Errand], told: Sequence[Told]) -> dict[str, VoucherId]:
    """The one operation of each key, and the voucher of the body that it was taken in with; everybody was told so."""
    answers: dict[int, Counter[tuple[int, int, str]]] = {}
    for one in told:
        outcome = (one.body, 0 if one.status in (200, 202) else one.status, one.named)
        answers.setdefault(one.errand, Counter())[outcome] += 1
    operations = {}
    for at, errand in enumerate(errands):
        accepted = [(body, named) for body, status, named in answers[at] if status == 0]
        assert len(accepted) == 1, f"{errand.key}: {answers[at]}"
        ((body, operation),) = accepted
        assert set(answers[at]) <= {(body, 0, operation), (1 - body, 422, _REUSED)}, f"{errand.key}: {answers[at]}"
        operations[operation] = errand.vouchers[body]
    assert len(operations) == len(errands)
    return operations


def wait_until_final(settings: Settings, operations: Mapping[str, VoucherId]) -> None:
    """Until the database knows the end of all of them."""
    engine, deadline = open_database(settings.database_url), time.monotonic() + PATIENCE_SECONDS
    open_ones = select(func.count()).where(o.operations.c.state.not_in(["succeeded", "refused", "failed"]))
    try:
        while time.monotonic() < deadline:
            with reading(engine) as connection:
                if not connection.execute(open_ones).scalar_one():
                    return
            time.sleep(0.2)
    finally:
        engine.dispose()
    raise AssertionError(f"some of {len(operations)} operations have no end after {PATIENCE_SECONDS} s")


def check_effects(world: World, settings: Settings, operations: Mapping[str, VoucherId]) -> None:
    """Chain, index and operations say the same: each voucher of an operation redeemed once, and no other."""
    engine = open_database(settings.database_url)
    try:
        assert logged_times(world, "VoucherRedeemed") == Counter(operations.values())
        with reading(engine) as connection:
            assert Counter(connection.execute(select(t.redemptions.c.voucher)).scalars()) == Counter(
                operations.values()
            )
            assert set(connection.execute(select(o.outbox_calls.c.state)).scalars()) <= {"resolved", "abandoned"}
            states = connection.execute(select(o.operations.c.id, o.operations.c.state))
            assert dict(map(tuple, states)) == dict.fromkeys(operations, "succeeded")
        _check_histories(engine, operations)
    finally:
        engine.dispose()


def _check_histories(engine: Engine, operations: Mapping[str, VoucherId]) -> None:
    """Every operation came to one end, and to nothing after it."""
    steps = select(o.operation_states).order_by(o.operation_states.c.operation, o.operation_states.c.step)
    histories: dict[str, list[str]] = {}
    with reading(engine) as connection:
        for row in connection.execute(steps):
            histories.setdefault(row.operation, []).append(row.state)
    for operation in operations:
        first, *way, last = histories[operation]
        assert (first, last) == ("received", "succeeded"), histories[operation]
        assert set(way) == {"queued", "sent"}, histories[operation]
