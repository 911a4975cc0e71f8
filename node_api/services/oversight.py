"""Freezes, revocations and the emergency lane, each order carried out once.

An order that the record shows as the newest step of its subject already is answered from the record: whoever lost the answer
sends the same again. That holds, too, where the contract refuses it because the same order was under way when it was looked for.
"""

from __future__ import annotations

from node_api.domain.errors import OversightRefused
from node_api.domain.models import BlockRef
from node_api.services.fresh import FreshReads
from node_api.services.ports import oversight as o
from node_api.services.ports.reading import Reader


class Oversight:
    """Carries out what auditors and the emergency lane want. Thread-safe."""

    def __init__(self, fresh: FreshReads, desk: o.OversightDesk) -> None:
        self._fresh = fresh
        self._desk = desk

    def act(self, order: o.Order) -> tuple[bool, BlockRef]:
        """Carries an order out, unless it stands in the record already.

        Returns: whether anything was sent; the block from which on the record shows it.

        Raises what `OversightDesk` and `FreshReads.open` do.
        """
        if (block := self._standing(order)) is not None:
            return False, block
        try:
            self._desk.carry_out(order)
        except OversightRefused:
            if (block := self._standing(order)) is None:
                raise
            return False, block
        with self._fresh.open() as (reader, _):
            return True, reader.block

    def _standing(self, order: o.Order) -> BlockRef | None:
        """The block of the record, where that shows the order."""
        with self._fresh.open() as (reader, _):
            return reader.block if stands(order, reader) else None


def stands(order: o.Order, reader: Reader) -> bool:
    """Whether the newest step that the order could have taken is exactly this order."""
    match order:
        case o.Freeze() | o.Lift() | o.Confirm() | o.Appeal():
            return _freeze_stands(order, reader)
        case o.Revoke():
            found = [reader.revocation_of(voucher) for voucher in order.vouchers]
            return bool(found) and all(one is not None and one.reason == order.reason for one in found)
        case _:
            return _lane_stands(order, reader)


def was_frozen(order: o.Freeze, reader: Reader) -> bool:
    """Whether the order was carried out, whatever was decided on the freeze since."""
    steps = [step for freeze in reader.freezes_of(order.what) for step in freeze.steps]
    return any((step.kind, step.until, step.reason) == ("frozen", order.until, order.reason) for step in steps)


def _freeze_stands(order: o.Freeze | o.Lift | o.Confirm | o.Appeal, reader: Reader) -> bool:
    steps = [step for freeze in reader.freezes_of(order.what) for step in freeze.steps]
    if not steps:
        return False
    newest = steps[-1]
    match order:
        case o.Freeze():
            return (newest.kind, newest.until, newest.reason) == ("frozen", order.until, order.reason)
        case o.Lift():
            return (newest.kind, newest.reason) == ("lifted", order.reason)
        case o.Confirm():
            return (newest.kind, newest.reason) == ("confirmed", order.reason)
        case o.Appeal():
            return (newest.kind, newest.appeal) == ("appealed", order.letter)


def _lane_stands(order: o.Extend | o.Widen | o.Pause | o.Resume, reader: Reader) -> bool:
    steps = reader.lane.steps
    match order:
        case o.Extend():
            of = [step for step in steps if step.kind == "extended" and step.batch == order.batch]
            return bool(of) and (of[-1].until, of[-1].reason) == (order.until, order.reason)
        case o.Widen():
            wide = [step for step in steps if step.kind == "widened" and step.programme == order.programme]
            wanted = (order.until, order.reason, order.channels)
            return bool(wide) and (wide[-1].until, wide[-1].reason, wide[-1].channels & order.channels) == wanted
        case o.Pause() | o.Resume():
            own = [step for step in steps if step.kind in {"paused", "resumed"} and step.programme == order.programme]
            if not own:
                return False
            if isinstance(order, o.Resume):
                return own[-1].kind == "resumed"
            return (own[-1].kind, own[-1].until, own[-1].reason) == ("paused", order.until, order.reason)
