"""One small programme whose life the demonstration tells, as an import folder: meals and home care for the elderly of a town.

Every date hangs on the day it begins beside; noon is the town's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from node_api.domain.ids import UnixSeconds
from node_api.domain.importing import parse
from node_api.domain.importing.acts import ACTS
from node_api.domain.importing.parse_redemption import REDEMPTIONS
from node_api.domain.importing.wallets import DEVICE_PREFIX
from node_api.loaders.folder_writer import Row, iso, write_table

PROGRAMME = "story-elder-care"
_MEAL, _CARE, _ROLL = "story-meal-30", "story-care-50", "story-elders"
_KITCHEN, _CARERS = "story-kitchen", "story-carers"
_TILL, _PHONE = f"{DEVICE_PREFIX}story-till", f"{DEVICE_PREFIX}story-carers-phone"
_ELDERS = 10
_DAY, _NOON = 86_400, 4 * 3_600
"""Noon at UTC+8, counted from midnight UTC."""

# Days from the beginning on which things happen.
_STARTS, _VALID, _MEALS_END, _EXTENDED, _ENDS = 7, 10, 70, 80, 120


def write_story(out: Path, begins: UnixSeconds) -> None:
    """Writes the folder to `out`, which is made; `begins` is a midnight UTC, a week before the programme can start."""
    out.mkdir(parents=True, exist_ok=True)
    write_table(out, parse.PROGRAMMES, [_programme(begins)])
    write_table(out, parse.BUDGET_LINES, _lines())
    write_table(out, parse.MERCHANTS, _merchants(), ("terminals",))
    write_table(out, parse.BATCHES, _batches(begins))
    write_table(out, parse.HOLDERS, _holders())
    write_table(out, parse.ISSUES, [{"batch": _MEAL, "roll": _ROLL}, {"batch": _CARE, "roll": _ROLL}])
    write_table(out, REDEMPTIONS, _redemptions(begins), ("terminal", "expected", "note"))
    write_table(out, ACTS, _acts(begins), ACTS.optional)


def _programme(begins: UnixSeconds) -> Row:
    return {
        "programme": PROGRAMME,
        "name": "Meals and home care for the elderly",
        "token": "VTC",
        "utc_offset_minutes": 480,
        "starts_at": _at(begins, _STARTS),
        "ends_at": _at(begins, _ENDS),
        "region": "1",
        "categories": "0;1",
        "channels": "store;home",
        "max_deadline_seconds": 900,
        "reversal_window_seconds": 3 * _DAY,
        "dispute_window_seconds": 3 * _DAY,
    }


def _lines() -> list[Row]:
    common: Row = {"programme": PROGRAMME, "funding_region": "1", "beneficiary_group": "residents aged 70 and over"}
    return [
        {**common, "line": 1, "funder": "story-city", "purpose": "meals", "amount": 60_000},
        {**common, "line": 2, "funder": "story-province", "purpose": "home care", "amount": 80_000},
    ]


def _merchants() -> list[Row]:
    common: Row = {"region": "11", "channels": "store;home"}
    return [
        {**common, "merchant": _KITCHEN, "name": "Community Kitchen", "categories": "0", "terminals": _TILL},
        {**common, "merchant": _CARERS, "name": "Home Carers", "categories": "1", "terminals": _PHONE},
    ]


def _batches(begins: UnixSeconds) -> list[Row]:
    common: Row = {
        "programme": PROGRAMME,
        "kind": "fixed",
        "region": "1",
        "valid_from": _at(begins, _VALID),
        "claim_days": 0,
        "quota": 2 * _ELDERS,
    }
    meal: Row = {"batch": _MEAL, "line": 1, "face_value": 3_000, "minimum_spend": 4_000, "categories": 0}
    care: Row = {"batch": _CARE, "line": 2, "face_value": 5_000, "minimum_spend": 0, "categories": 1}
    return [
        {**common, **meal, "channels": "store", "valid_until": _at(begins, _MEALS_END)},
        {**common, **care, "channels": "home", "valid_until": _at(begins, _EXTENDED)},
    ]


def _holders() -> Iterable[Row]:
    return (
        {"roll": _ROLL, "programme": PROGRAMME, "place": place, "holder": f"story-elder-{place + 1}"}
        for place in range(_ELDERS)
    )


def _redemptions(begins: UnixSeconds) -> Iterable[Row]:
    """Day, what differs from a meal at the kitchen's counter, and what it is there to show."""
    meals: list[tuple[int, Row, str]] = [
        (14, {"place": 0}, "a meal, disputed two days later"),
        (14, {"place": 1, "terminal": _TILL}, "a meal by mistake, taken back the next day"),
        (15, {"place": 1}, "the same voucher again, for another meal"),
        (19, {"place": 2, "channel": "home", "expected": "ChannelClosed"}, "delivered meals are not open yet"),
        (21, {"place": 2, "channel": "home"}, "a delivered meal, once the new rules stand"),
        (26, {"place": 3, "expected": "VoucherFrozen"}, "a frozen voucher"),
        (28, {"place": 3}, "the same voucher, lifted"),
        (72, {"place": 4}, "a meal in the days that the extension gave"),
    ]
    for number, (day, row, note) in enumerate(meals, 1):
        yield {
            "row": number,
            "code": number,
            "redeemed_at": _at(begins, day, number),
            "programme": PROGRAMME,
            "batch": _MEAL,
            "roll": _ROLL,
            "merchant": _KITCHEN,
            "channel": "store",
            "receipt": f"story-{number}",
            "items": "0:4500",
            "note": note,
            **row,
        }


def _acts(begins: UnixSeconds) -> Iterable[Row]:
    third_meal: Row = {"batch": _MEAL, "roll": _ROLL, "place": 3}
    visit, second_visit = ({"batch": _CARE, "roll": _ROLL, "place": place, "by": _PHONE} for place in (5, 6))
    of_programme: Row = {"programme": PROGRAMME}
    terms = "day_count=1;widen_channel=home"
    acts: list[tuple[int, str, Row, str]] = [
        (12, "propose-rules", {**of_programme, "terms": terms}, "one voucher a day, and meals may be delivered"),
        (15, "reverse", {"code": 2, "by": _TILL}, "the guest had paid already"),
        (16, "dispute", {"code": 1}, "the meal was cold"),
        (18, "decide", {"code": 1, "decision": "stands"}, "the kitchen replaced the meal"),
        (20, "activate-rules", of_programme, ""),
        (25, "freeze", {**third_meal, "until": _at(begins, 35)}, "offered for sale on the internet"),
        (27, "lift", third_meal, "it was somebody else's picture"),
        (30, "book", {**visit, "merchant": _CARERS, "until": _at(begins, 40)}, "a carer's visit"),
        (31, "book", {**second_visit, "merchant": _CARERS, "until": _at(begins, 40)}, "another visit"),
        (33, "capture", {**visit, "bill": 6_500}, "the carer came"),
        (34, "release", second_visit, "nobody was at home"),
        (60, "extend", {"batch": _MEAL, "until": _at(begins, _EXTENDED)}, "a flood closed the kitchen for ten days"),
        (84, "settle", of_programme, ""),
        (85, "sweep", of_programme, ""),
        (_ENDS + 1, "close", of_programme, "its time is over"),
    ]
    for number, (day, kind, row, reason) in enumerate(acts, 1):
        yield {"act": number, "at": _at(begins, day), "kind": kind, "reason": reason, **row}


def _at(begins: UnixSeconds, day: int, minutes: int = 0) -> str:
    """Noon of a day in the town, or some minutes later."""
    return iso(begins + day * _DAY + _NOON + minutes * 60)
