"""Acts that pass a voucher on, by the signature of who holds it after the import files."""

from __future__ import annotations

from node_api.domain.ids import Address, UnixSeconds
from node_api.domain.importing.acts import ActRow
from node_api.domain.models import TxRef
from node_api.domain.transfers import TransferOrder
from node_api.services.fresh import FreshReads
from node_api.services.pages import every
from node_api.services.ports.passing import TransferDesk
from node_api.services.ports.playing import PlayerKeys
from node_api.services.replaying.booking_acts import Held

_DEADLINE_SECONDS = 300


class TransferActs:
    """Has holders pass vouchers on."""

    def __init__(self, fresh: FreshReads, desk: TransferDesk, keys: PlayerKeys) -> None:
        """Sends nothing yet."""
        self._fresh = fresh
        self._desk = desk
        self._keys = keys

    def carry_out(self, act: ActRow, held: Held, receiver: Address) -> TxRef:
        """See `Officers.carry_out`. The same act is the same order, which the contract carries out once."""
        wanted = TransferOrder(held.voucher, receiver, UnixSeconds(act.at + _DEADLINE_SECONDS))
        order = self._keys.pass_on(held.programme, held.holder, wanted)
        if not self._desk.was_used(order):
            self._desk.transfer(order)
        with self._fresh.open() as (reader, _):
            passed = every(lambda after, limit: reader.transfers(voucher=held.voucher, after=after, limit=limit))
            return list(passed)[-1].tx
