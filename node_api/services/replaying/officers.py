"""Carries acts out as those who may, through the services that people's commands and requests come to.

Each act takes effect once: what the record shows already is not sent again, so a replay that was cut off goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from node_api.domain.freezes import Frozen, Subject
from node_api.domain.ids import Address, MerchantId, Place, ProgrammeId, UnixSeconds, voucher_id
from node_api.domain.importing.acts import ActKind, ActRow
from node_api.domain.importing.wallets import Wallet
from node_api.domain.models import TxRef
from node_api.services.casework import CaseWork
from node_api.services.fresh import FreshReads
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen
from node_api.services.oversight import Oversight
from node_api.services.ports import oversight as o
from node_api.services.ports.auditing import AuditReader
from node_api.services.ports.passing import TransferDesk
from node_api.services.ports.playing import BookingTill, PlayerKeys
from node_api.services.ports.treasury import AppointAuditor, TreasuryDesk
from node_api.services.replaying import treasury_acts
from node_api.services.replaying.booking_acts import BookingActs, Held
from node_api.services.replaying.case_acts import CaseActs, Code
from node_api.services.replaying.transfer_acts import TransferActs


@dataclass(frozen=True, slots=True)
class Offices:
    """Where acts are done.

    Attributes:
        fresh: readers on the newest block.
        desk: carries treasury commands out.
        cases: carries reversals, disputes and decisions out.
        oversight: of the node's own auditor and emergency lane; of another auditor where a device is named.
        till: terminals that book, capture and release.
        passing: carries transfers out.
        keys: signs as devices and the wallet would.
        account: address behind a wallet that stands for itself.
    """

    fresh: FreshReads
    desk: TreasuryDesk
    cases: CaseWork
    oversight: Callable[[Wallet | None], Oversight]
    till: BookingTill
    passing: TransferDesk
    keys: PlayerKeys
    account: Callable[[Wallet], Address]


class Officers:
    """Implements what `ActRow` asks for."""

    def __init__(self, offices: Offices, folder: ImportFolder, seen: Seen, codes: Mapping[int, Code], run: str) -> None:
        """Sends nothing yet.

        Args:
            offices: where acts are done.
            folder: whose acts they are.
            seen: what the chain has of the folder.
            codes: those that acts are about.
            run: names this replay in idempotency keys.
        """
        self._at = offices
        self._folder = folder
        self._seen = seen
        self._codes = codes
        self._bookings = BookingActs(offices.fresh, offices.till, offices.keys)
        self._transfers = TransferActs(offices.fresh, offices.passing, offices.keys)
        self._cases = CaseActs(offices.fresh, offices.cases, offices.keys, run)

    def carry_out(self, act: ActRow) -> TxRef | None:
        """Carries an act out, unless the record shows it already.

        Returns: where it stands on chain; the last place where it took several transactions; None for what leaves no event.

        Raises:
            DomainError: a contract said no, or something the act is about is not in the record.
            CommandRefused: a contract said no to a treasury command.
        """
        match act.kind:
            case ActKind.APPOINT:
                assert act.by is not None
                list(self._at.desk.carry_out([AppointAuditor(self._at.account(act.by))]))
                return None
            case ActKind.FREEZE | ActKind.LIFT | ActKind.CONFIRM:
                return self._freeze(act)
            case ActKind.EXTEND | ActKind.PAUSE | ActKind.RESUME:
                return self._use_lane(act)
            case ActKind.REVERSE | ActKind.DISPUTE | ActKind.DECIDE:
                assert act.code is not None
                return self._cases.carry_out(act, self._codes[act.code])
            case ActKind.BOOK | ActKind.CAPTURE | ActKind.RELEASE:
                return self._bookings.carry_out(act, self._held(act))
            case ActKind.TRANSFER:
                assert act.to is not None
                return self._transfers.carry_out(act, self._held(act), self._at.account(act.to))
            case _:
                return treasury_acts.carry_out(act, self._programme(act), self._at.desk, self._at.fresh)

    def _freeze(self, act: ActRow) -> TxRef:
        with self._at.fresh.open() as (reader, _):
            what = self._subject(act, reader)
        order: o.Order = o.Lift(what, act.reason)
        if act.kind is ActKind.CONFIRM:
            order = o.Confirm(what, act.reason)
        elif act.kind is ActKind.FREEZE:
            order = o.Freeze(what, _until(act), act.reason)
        self._at.oversight(act.by).act(order)
        with self._at.fresh.open() as (reader, _):
            (freeze,) = reader.freezes_of(what)
        return freeze.steps[-1].tx

    def _use_lane(self, act: ActRow) -> TxRef:
        order: o.Order
        if act.kind is ActKind.EXTEND:
            assert act.batch is not None
            order = o.Extend(self._seen.batch(act.batch), _until(act), act.reason)
        elif act.kind is ActKind.PAUSE:
            order = o.Pause(self._programme(act), _until(act), act.reason)
        else:
            order = o.Resume(self._programme(act))
        self._at.oversight(None).act(order)
        with self._at.fresh.open() as (reader, _):
            return reader.lane.steps[-1].tx

    def _subject(self, act: ActRow, reader: AuditReader) -> Frozen:
        if act.merchant is not None:
            return Frozen(Subject.MERCHANT, self._seen.merchants[act.merchant].id)
        if act.roll is None:
            assert act.batch is not None
            return Frozen(Subject.BATCH, self._seen.batch(act.batch))
        roll = self._seen.rolls[act.roll]
        if act.place is None:
            return Frozen(Subject.ROLL, roll.id)
        if act.batch is None:
            return Frozen(Subject.HOLDER, roll.programme, Address(reader.holders(roll.id)[act.place].lower()))
        return Frozen(Subject.VOUCHER, voucher_id(self._seen.batch(act.batch), roll.id, Place(act.place)))

    def _held(self, act: ActRow) -> Held:
        """The voucher that a booking or a transfer is about; at a merchant it is booked on the first channel that both have."""
        assert act.batch is not None
        assert act.roll is not None
        assert act.place is not None
        batch = next(row for row in self._folder.batches if row.ref == act.batch)
        roll = next(row for row in self._folder.rolls if row.ref == act.roll)
        merchant = next((row for row in self._folder.merchants if row.ref == act.merchant), None)
        shared = 0 if merchant is None else batch.channels & merchant.channels
        return Held(
            voucher=voucher_id(self._seen.batch(batch.ref), self._seen.roll(roll.ref), Place(act.place)),
            programme=roll.programme,
            holder=roll.holders()[act.place],
            merchant=MerchantId(0) if merchant is None else self._seen.merchants[merchant.ref].id,
            channel=(shared & -shared).bit_length() - 1 if shared else 0,
        )

    def _programme(self, act: ActRow) -> ProgrammeId:
        assert act.programme is not None
        return self._seen.programme(act.programme)


def _until(act: ActRow) -> UnixSeconds:
    assert act.until is not None
    return act.until
