"""Ways of meeting what stands over a voucher, a merchant or a programme: frozen, revoked, paused, taken back, passed on.

Shaped like those of `breakages`. What has to be done before is left with the stock as acts, in programmes that are added.
"""

from collections.abc import Callable, Mapping

from node_api.domain.importing.rows import BatchRow
from node_api.domain.importing.wallets import Wallet
from node_api.loaders.folder_writer import Row, iso
from node_api.loaders.spoil.added import AUDITOR, Added
from node_api.loaders.spoil.codes import Draft
from node_api.loaders.spoil.spoiled import SpoiledAct, SpoiledCode
from node_api.loaders.spoil.stock import Stock

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SUBJECTS = ("voucher", "holder", "roll", "batch")


def frozen(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The voucher is frozen, its holder, its roll or its batch; half of the first two in the last second of the freeze."""
    subject = _SUBJECTS[n % len(_SUBJECTS)]
    batch = added.programmes[f"frozen-{subject}"].batch
    draft = Draft.of(stock, stock.sale_of(batch))
    voucher = draft.spends[0][1]
    columns: Mapping[str, Row] = {
        "voucher": {"batch": batch.ref, "roll": voucher.roll, "place": voucher.place},
        "holder": {"roll": voucher.roll, "place": voucher.place},
        "roll": {"roll": voucher.roll},
        "batch": {"batch": batch.ref},
    }
    if subject in ("voucher", "holder"):
        until = draft.at + (1 if n % 8 < len(_SUBJECTS) else _HOUR)
        stock.acts.append(SpoiledAct(draft.at - _MINUTE, {"kind": "freeze", "until": iso(until), **columns[subject]}))
    else:
        begin, end = _days(stock, batch)
        draft.at = stock.random.randrange(begin, end)
        if n < len(_SUBJECTS):
            stock.acts.append(SpoiledAct(begin, {"kind": "freeze", "until": iso(end), **columns[subject]}))
    return [draft.code(stock, f"frozen {subject}", "VoucherFrozen")]


def frozen_merchant(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The merchant is frozen."""
    batch = added.programmes["frozen-merchant"].batch
    draft = Draft.of(stock, stock.sale_of(batch, merchants=(added.frozen,)))
    begin, end = _days(stock, batch)
    draft.at = stock.random.randrange(begin, end)
    if n == 0:
        stock.acts.append(SpoiledAct(begin, {"kind": "freeze", "until": iso(end), "merchant": added.frozen.ref}))
    return [draft.code(stock, "frozen merchant", "MerchantFrozen")]


def paused(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The programme is paused."""
    batch = added.programmes["paused"].batch
    draft = Draft.of(stock, stock.sale_of(batch))
    begin, end = _days(stock, batch)
    draft.at = stock.random.randrange(begin, end)
    if n == 0:
        stock.acts.append(SpoiledAct(begin, {"kind": "pause", "until": iso(end), "programme": batch.programme}))
    return [draft.code(stock, "paused programme", "ProgrammePaused")]


def revoked(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The voucher was frozen by the node's auditor, and another auditor confirmed it."""
    batch = added.programmes["revoked"].batch
    draft = Draft.of(stock, stock.sale_of(batch))
    voucher = draft.spends[0][1]
    draft.at = stock.random.randrange(*_days(stock, batch))
    subject: Row = {"batch": batch.ref, "roll": voucher.roll, "place": voucher.place}
    if n == 0:
        stock.acts.append(SpoiledAct(stock.begin, {"kind": "appoint", "by": AUDITOR}))
    stock.acts += (
        SpoiledAct(draft.at - 2 * _MINUTE, {"kind": "freeze", "until": iso(draft.at + _HOUR), **subject}),
        SpoiledAct(draft.at - _MINUTE, {"kind": "confirm", "by": AUDITOR, **subject}),
    )
    return [draft.code(stock, "revoked voucher", "VoucherRevoked")]


def booked(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """The holder booked the voucher for a service, at a terminal."""
    batch = added.programmes["booked"].batch
    draft = Draft.of(stock, stock.sale_of(batch))
    voucher = draft.spends[0][1]
    draft.at = stock.random.randrange(*_days(stock, batch))
    booking: Row = {"batch": batch.ref, "roll": voucher.roll, "place": voucher.place, "merchant": added.tills.ref}
    till = {"by": added.tills.terminals[0], "until": iso(draft.at + _HOUR)}
    stock.acts.append(SpoiledAct(draft.at - _MINUTE, {"kind": "book", **booking, **till}))
    return [draft.code(stock, "booked voucher", "VoucherBooked")]


def lapse_passed(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """A booking that lapses at the second in which it is made, or before it."""
    return _lapse(stock, added, "LapsePassed", lambda at, _: at - n % 2 * _HOUR)


def lapse_beyond(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """A booking that lapses a second behind the voucher's validity, or later."""
    return _lapse(stock, added, "LapseBeyondValidity", lambda _, end: end + 1 + n % 2 * _HOUR)


def _lapse(stock: Stock, added: Added, reason: str, until: Callable[[int, int], int]) -> list[SpoiledCode]:
    """The booking is an act that is refused; the voucher itself is spent soundly a minute later."""
    batch = added.programmes["booked"].batch
    draft = Draft.of(stock, stock.sale_of(batch))
    voucher = draft.spends[0][1]
    draft.at = stock.random.randrange(*_days(stock, batch))
    at = draft.at - _MINUTE
    booking: Row = {"batch": batch.ref, "roll": voucher.roll, "place": voucher.place, "merchant": added.tills.ref}
    wanted: Row = {"kind": "book", "by": added.tills.terminals[0], "expected": reason}
    stock.acts.append(SpoiledAct(at, {**booking, **wanted, "until": iso(until(at, batch.valid_until))}))
    return [draft.code(stock, f"its booking is refused: {reason}", "")]


def used_after_reversal(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """A sound code that the merchant's terminal took back, and its very signature once more."""
    batch = added.programmes["reversed"].batch
    sale = stock.sale_of(batch, merchants=(added.tills,))
    first = Draft.of(stock, sale)
    first.at = min(first.at, min(batch.valid_until, stock.end) - 3 * _MINUTE)
    till: Wallet = added.tills.terminals[0]
    first.more["terminal"] = till
    spent = first.code(stock, "taken back, its signature is refused from then on", "")
    stock.acts.append(SpoiledAct(first.at + _MINUTE, {"kind": "reverse", "by": till}, of=spent))
    again = Draft(sale, first.spends, first.items, first.at + 2 * _MINUTE, first.merchant, first.channel)
    again.more = {"terminal": till, "receipt": spent.rows[0]["receipt"], "signed_at": iso(first.at)}
    return [spent, again.code(stock, "signature of what was taken back", "SignatureUsed", repeats=spent)]


def passed_on(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The holder passed the voucher on, and spends it: half of them by a code signed before that."""
    batch = added.programmes["transferable"].batch
    draft = Draft.of(stock, stock.sale_of(batch))
    voucher = draft.spends[0][1]
    draft.at = stock.random.randrange(*_days(stock, batch))
    if n % 2:
        draft.more["signed_at"] = iso(draft.at - 2 * _MINUTE)
    of: Row = {"batch": batch.ref, "roll": voucher.roll, "place": voucher.place, "to": stock.device("receiver")}
    stock.acts.append(SpoiledAct(draft.at - _MINUTE, {"kind": "transfer", **of}))
    return [draft.code(stock, "old holder of a voucher passed on", "SignatureInvalid")]


def _days(stock: Stock, batch: BatchRow) -> tuple[int, int]:
    """Three days within the batch's validity, the third to the fifth of those in which it can be spent."""
    begin = max(batch.valid_from, stock.begin) + 2 * _DAY + _HOUR
    return begin, begin + 3 * _DAY
