"""Requests that the served world can carry out, for the fuzz test: without them most writes end at the door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from node_api.chain.keys import KeyRole
from node_api.domain.access import ApiRole
from tests.api.conftest import Client, Json, Served
from tests.api.test_bookings import asked, book, captured, given_free, receipt_of, signed
from tests.api.test_cases import FAR, REASON, by_holder, by_shop, said, sold
from tests.api.test_transfers import signed as passed_on
from tests.api.test_transfers import somebody
from tests.world import BEIJING, CATERING, DAY, ENDS_AT, STARTS_AT

EACH = 15
"""Of each kind, where one can be carried out once; a third of these where each needs calls of its own beforehand."""
WEBHOOK = "fuzz"
_FEW = EACH // 3
_PROGRAMME = "programme-Meals"


@dataclass(frozen=True, slots=True)
class Good:
    """A request: its body, where it has one, and parameters of its path by name."""

    body: Json | None
    path: dict[str, str] = field(default_factory=dict)


def good_requests(served: Served) -> dict[str, list[Good]]:
    """By operation; each is for a person and vouchers of its own, where it takes one."""
    _open(served)
    asking = _Asking(served)
    merchant, frozen = {"subject": "merchant", "number": 2}, {"reason": "looked at"}
    claimants = [{"programme": 1, "round": 1, "person": f"claimant-{number}"} for number in range(EACH)]
    persons = [{"programme": 1, "person": f"person-{number}"} for number in range(EACH)]
    terms = {"categories": [1], "face_value": 100, "valid_from": STARTS_AT, "valid_until": ENDS_AT}
    world, webhook = served.world, {"name": WEBHOOK}
    passing = [(place, world.voucher(1, 1, place), key) for place, key in enumerate(world.holders[:2])]
    return {
        "POST /v1/wallet/codes": _some(lambda: Good(asking.order())),
        "POST /v1/redemptions": _some(lambda: Good(asking.code())),
        "POST /v1/redemptions/check": _some(lambda: Good(asking.code())),
        "POST /v1/redemptions/batch": _some(lambda: Good({"items": [asking.code() for _ in range(3)]}), 3),
        "POST /v1/wallet/bookings": _some(lambda: Good(asking.wish())),
        "POST /v1/bookings": _some(lambda: Good(asked(asking.reservation()))),
        "POST /v1/bookings/{booking}/capture": _some(asking.capture, _FEW),
        "POST /v1/bookings/{booking}/release": _some(asking.release, _FEW),
        "POST /v1/disputes": _some(lambda: Good(asking.dispute()), _FEW),
        "POST /v1/disputes/{dispute}/decision": _some(asking.decision, _FEW),
        "POST /v1/reversals": _some(lambda: Good(asking.reversal()), _FEW),
        "POST /v1/transfers": [Good(passed_on(world, voucher, key, somebody()[1])) for _, voucher, key in passing],
        "POST /v1/wallet/transfers": _some(lambda: Good(asking.transfer()), _FEW),
        "POST /v1/wallet/nullifiers": list(map(Good, persons)),
        "POST /v1/claims": list(map(Good, claimants)),
        "POST /v1/freezes": [Good({**merchant, **frozen, "until": STARTS_AT + DAY})],
        "POST /v1/freezes/appeal": [Good({**merchant, "letter": REASON})],
        "POST /v1/freezes/confirm": [Good({**merchant, **frozen})],
        "POST /v1/freezes/lift": [Good({**merchant, **frozen})],
        "POST /v1/revocations": [Good({"vouchers": [served.voucher(5, 0)], **frozen})],
        "POST /v1/channel-widenings": [Good({"programme": 1, "channels": [1], "until": STARTS_AT + DAY, **frozen})],
        "POST /v1/extensions": [Good({"batch": 4, "until": ENDS_AT, **frozen})],
        "POST /v1/validity/check": [Good({**terms, "ref": "thought of", "programme": 1})],
        "POST /v1/pauses": [Good({"programme": 2, "until": STARTS_AT + DAY, **frozen})],
        "POST /v1/pauses/end": [Good({"programme": 2})],
        "PUT /v1/webhooks/{name}": [Good({"url": "https://receiver.invalid/hook"}, webhook)],
        "POST /v1/webhooks/{name}/replay": [Good({"after": "0"}, webhook)],
        "POST /v1/webhooks/{name}/secret": [Good(None, webhook)],
    }


def _some(make: Callable[[], Good], how_many: int = EACH) -> list[Good]:
    return [make() for _ in range(how_many)]


def _open(served: Served) -> None:
    """A round in which claimants have places."""
    world = served.world
    terms = (1, 1, 0, 1, 0, 0, CATERING, BEIJING, 1, STARTS_AT, ENDS_AT, 0, 50)
    world.send(KeyRole.TREASURER, "Vouchers", "openBatches", ["fuzz"], [terms])
    world.send(KeyRole.TREASURER, "CaseDesk", "openRound", 1, (50, STARTS_AT, ENDS_AT, bytes(32), [world.last_batch()]))


class _Asking:
    """Persons who ask, one after the other."""

    def __init__(self, served: Served) -> None:
        self._served, self._persons = served, count()
        self._wallet, self._till = served.client(ApiRole.WALLET), served.client(ApiRole.MERCHANT, 1)
        self._arbiter = served.client(ApiRole.ARBITER)

    def order(self) -> Json:
        """What a code is asked for."""
        person = next(self._persons)
        return {**self._of(person), "merchant": 1, "receipt": f"0x{person:064x}", "bill": 5_000}

    def code(self) -> Json:
        """A code of the wallet's."""
        return {"code": _made(self._wallet, "/v1/wallet/codes", self.order())["code"]}

    def wish(self) -> Json:
        """What is to be booked."""
        return {**self._of(next(self._persons)), "merchant": 1, "service": "0x" + "07" * 32, "lapse_at": ENDS_AT - 1}

    def reservation(self) -> Json:
        """The same, signed by the wallet."""
        return signed(self._wallet, self.wish())

    def capture(self) -> Good:
        """What was served of a booking, signed by the merchant."""
        person = next(self._persons)
        booking = book(self._served, self._wallet, person)
        body = captured(self._served, booking, by_shop(self._served), receipt_of(person))
        return Good(body, {"booking": booking["digest"]})

    def release(self) -> Good:
        """A booking that its merchant gives free."""
        booking = book(self._served, self._wallet, next(self._persons))
        return Good(given_free(self._served, booking, by_shop(self._served)), {"booking": booking["digest"]})

    def reversal(self) -> Json:
        """A redemption that its merchant takes back."""
        item = sold(self._wallet, self._till, self._served, next(self._persons))
        return said(self._served, "Reversal", item, by_shop(self._served))

    def dispute(self) -> Json:
        """A redemption that its holder disputes."""
        person = next(self._persons)
        item = sold(self._wallet, self._till, self._served, person)
        return said(self._served, "Dispute", item, by_holder(self._served, person))

    def decision(self) -> Good:
        """On a dispute that is open."""
        body = self.dispute()
        opened = _made(self._wallet, "/v1/disputes", body, body["signature"])
        return Good({"stands": True, "reason": REASON}, {"dispute": str(opened["id"])})

    def transfer(self) -> Json:
        """A voucher that the wallet passes on."""
        one = self._of(next(self._persons))
        (voucher,) = one.pop("vouchers")
        return {**one, "voucher": voucher, "to": somebody()[1], "deadline": FAR}

    def _of(self, person: int) -> Json:
        return {
            "programme": _PROGRAMME,
            "person": f"person-{person}",
            "vouchers": [self._served.voucher(4, person)],
        }


def _made(client: Client, path: str, body: Json, key: str | None = None) -> Json:
    answer = client.post(path, body, key)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
