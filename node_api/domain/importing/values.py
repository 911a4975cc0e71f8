"""From a cell's text to a value: one function for each kind of column, each raising `BadValue`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from node_api.domain.ids import Amount, Hash, UnixSeconds
from node_api.domain.importing.faults import BadValue
from node_api.domain.models import VoucherKind
from node_api.domain.receipts import MAX_ITEM, MAX_ITEMS
from node_api.domain.regions import EVERYWHERE, pack_region

CHANNELS = ("store", "online", "delivery", "home", "phone", "kiosk", "agent", "other")
"""Names of the channels; a name's place is its bit."""
MAX_CATEGORY = 63
MAX_TEXT = 200
URI_MAX = 256
NOTICE_MAX = 366 * 86_400
LINE_AMOUNT_MAX = 2**56 - 1
FACE_MAX = 2**48 - 1
QUOTA_MAX = 2**40 - 1
AMOUNT_MAX = 2**64 - 1
NEVER = 2**256 - 1
"""The deadline of a code that binds nobody: the largest there is."""

_CAPITAL_ADDRESS = re.compile(r"0X[0-9a-fA-F]{40}")
_REFERENCE = re.compile(r"(?!0x)[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[0-9]+[.,][0-9]{1,2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})")
_REGION = re.compile(r"[0-9]{1,9}")
_TOKEN = re.compile(r"[A-Z0-9]{1,11}|0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_DIGITS_MAX = 20  # more digits than any bound here has


def reference(text: str) -> str:
    """A reference: 1–64 characters, not beginning with `0x`, and no address that a spreadsheet wrote in capitals."""
    if _CAPITAL_ADDRESS.fullmatch(text) is not None:
        raise BadValue("an address is 0x and 40 hexadecimal digits", "write its 0x with a small x")
    if _REFERENCE.fullmatch(text) is None:
        raise BadValue(
            "a reference is 1 to 64 characters of A-Z a-z 0-9 . _ - and does not begin with 0x",
            "rename it; names for people go into the column name",
        )
    return text


def text_of_people(text: str) -> str:
    """Free text: 1–200 printable characters."""
    if not 0 < len(text) <= MAX_TEXT or not text.isprintable():
        raise BadValue(f"text has 1 to {MAX_TEXT} printable characters", "shorten it and take control characters out")
    return text


def whole(low: int, high: int, unit: str = "") -> Callable[[str], int]:
    """A parser of whole numbers in `[low, high]`, both inclusive, in ASCII digits; `unit` is told in faults."""
    rule = f"a whole number{' of ' + unit if unit else ''}, {low:,} to {high:,}"

    def parse(text: str) -> int:
        if _NUMBER.fullmatch(text) is None or text == "-0":
            raise BadValue(rule, "write digits 0-9 alone: no separators, spaces, leading zeros or plus sign")
        if len(text) > _DIGITS_MAX or not low <= int(text) <= high:
            raise BadValue(rule, f"the value must lie within {low:,} and {high:,}")
        return int(text)

    return parse


def money(low: int, high: int) -> Callable[[str], Amount]:
    """A parser of money in the token's smallest unit, in `[low, high]`."""
    parse_number = whole(low, high, "the token's smallest unit (fen, cent)")

    def parse(text: str) -> Amount:
        try:
            return Amount(parse_number(text))
        except BadValue as bad:
            if _FRACTION.fullmatch(text) is None:
                raise
            raise BadValue(bad.rule, "write 12.50 as 1250") from None

    return parse


def time(text: str) -> UnixSeconds:
    """An instant with explicit offset, to the second, from 1970 on."""
    rule = "a time is written 2026-05-01T00:00:00+08:00 or 2026-04-30T16:00:00Z"
    if _TIME.fullmatch(text) is None:
        raise BadValue(rule, "give date, T, time to the second, and the offset from UTC")
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadValue(rule, "this day, time or offset does not exist") from None
    if at.year < 1970:
        raise BadValue("times lie in 1970 or later", "correct the year")
    return UnixSeconds(int(at.timestamp()))


def region(text: str) -> int:
    """The packed form of a region code of 1–9 digits."""
    if _REGION.fullmatch(text) is None:
        raise BadValue("a region is 1 to 9 digits 0-9", "give the administrative code without letters or separators")
    return pack_region(text)


def region_or_everywhere(text: str) -> int:
    """The packed form of a region code; `*` is everywhere."""
    if text == "*":
        return EVERYWHERE
    try:
        return region(text)
    except BadValue as bad:
        raise BadValue(bad.rule + ", or *", bad.remedy + "; * for everywhere") from None


def category(text: str) -> int:
    """A category, 0–63."""
    return _CATEGORY(text)


def categories(text: str) -> int:
    """The mask of categories joined by `;`, at least one, each once."""
    return _mask(text, category, "categories")


def channel(text: str) -> int:
    """The number of a channel."""
    if text not in CHANNELS:
        raise BadValue(f"a channel is one of {', '.join(CHANNELS)}", "use one of these names, in lower case")
    return CHANNELS.index(text)


def channels(text: str) -> int:
    """The mask of channels joined by `;`, at least one, each once."""
    return _mask(text, channel, "channels")


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser of a cell that holds one of a few words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise BadValue(f"one of: {', '.join(choices)}", "use one of these words")
        return text

    return parse


def kind(text: str) -> VoucherKind:
    """The batch's kind."""
    return _KINDS[one_of(*_KINDS)(text)]


def token(text: str) -> str:
    """A token's symbol or address."""
    if _TOKEN.fullmatch(text) is None:
        raise BadValue(
            "a token is a symbol of 1 to 11 characters A-Z 0-9, or an address", "use the symbol of the deployment"
        )
    return text


def document(text: str) -> Hash:
    """32 bytes in hexadecimal, lower-cased."""
    if _HASH.fullmatch(text) is None:
        raise BadValue(
            "a hash is 0x and 64 hexadecimal digits", "give the hash of the published text, or leave it empty"
        )
    return Hash(text.lower())


def uri(text: str) -> str:
    """Where a published text is found: 1–256 printable ASCII characters without spaces."""
    if not 0 < len(text) <= URI_MAX or not text.isascii() or not text.isprintable() or " " in text:
        raise BadValue(f"an address has 1 to {URI_MAX} printable ASCII characters", "percent-encode it, or shorten it")
    return text


def items(text: str) -> tuple[tuple[int, Amount], ...]:
    """A receipt's items, (category, amount) each: 1 to 500 of `category:amount` joined by `;`."""
    entries = text.split(";")
    if len(entries) > MAX_ITEMS:
        raise BadValue(f"a receipt has at most {MAX_ITEMS} items", "add items of one category up")
    found = []
    for entry in entries:
        number, colon, amount = entry.partition(":")
        if not colon:
            raise BadValue("items are written category:amount;category:amount", "write 7:1299 for 12.99 in category 7")
        found.append((_CATEGORY(number), _ITEM(amount)))
    return tuple(found)


def deadline_seconds(text: str) -> int:
    """Seconds from the redemption to the code's deadline; `NEVER` for `never`."""
    return NEVER if text == "never" else _DEADLINE(text)


def _mask(text: str, parse: Callable[[str], int], what: str) -> int:
    mask = 0
    for part in text.split(";"):
        bit = 1 << parse(part)
        if mask & bit:
            raise BadValue(f"{what} are joined by ; and stand there once each", f"take the second {part} out")
        mask |= bit
    return mask


_CATEGORY = whole(0, MAX_CATEGORY)
_ITEM = money(1, MAX_ITEM)
_DEADLINE = whole(-31_536_000, 31_536_000, "seconds")
_KINDS = {"fixed": VoucherKind.FIXED, "percentage": VoucherKind.PERCENTAGE, "stored": VoucherKind.STORED}
