"""Judges the rows of redemptions.csv with the domain's rules: what a player should find, without chain, keys or node."""

from collections.abc import Iterator
from zlib import crc32

from node_api.domain.ids import (
    Address,
    Amount,
    BatchId,
    Hash,
    LineId,
    MerchantId,
    Place,
    ProgrammeId,
    RollId,
    UnixSeconds,
    VoucherId,
    voucher_id,
)
from node_api.domain.importing.rows import (
    BatchRow,
    MerchantRow,
    ProgrammeRow,
    RedemptionRow,
    RollRow,
    VoucherRef,
    by_code,
    counted_bill,
)
from node_api.domain.importing.wallets import Custody, Wallet, custody
from node_api.domain.items import Item, Spend
from node_api.domain.limits import LimitSight
from node_api.domain.models import Batch, Merchant, MerchantStatus, Programme, ProgrammeState, Rules, Widening
from node_api.domain.rules import Scene, TerminalSight, VoucherSight, judge
from node_api.services.import_folder import ImportFolder

CHAIN_ID = 31_373
NOBODY = Address("0x" + "0" * 40)


class Oracle:
    """Plays a folder in its order and says for each code which refusal it meets, None for accepted."""

    def __init__(self, folder: ImportFolder) -> None:
        self._folder = folder
        self._programmes = {row.ref: (number, row) for number, row in enumerate(folder.programmes, 1)}
        self._batches = {row.ref: (number, row) for number, row in enumerate(folder.batches, 1)}
        self._merchants = {row.ref: (number, row) for number, row in enumerate(folder.merchants, 1)}
        self._rolls = {row.ref: (number, row) for number, row in enumerate(folder.rolls, 1)}
        self._holders = {row.ref: row.holders() for row in folder.rolls}
        self._issued = {(row.batch, row.roll) for row in folder.issues}
        self._redeemed: set[VoucherId] = set()

    def play(self) -> Iterator[tuple[tuple[RedemptionRow, ...], str | None]]:
        """Each code with what it meets."""
        for rows in by_code(self._folder.redemptions()):
            item = self._item(rows)
            vouchers = sorted((row.voucher for row in rows if row.voucher), key=self._id)
            sights = [self._sight(voucher, rows[0].redeemed_at) for voucher in vouchers]
            refusal = judge(item, sights, self._scene(rows, item, sights))
            if refusal is None:
                self._redeemed |= {sight.voucher for sight in sights}
            yield rows, None if refusal is None else type(refusal).__name__

    def _id(self, ref: VoucherRef) -> VoucherId:
        return voucher_id(BatchId(self._batches[ref.batch][0]), RollId(self._rolls[ref.roll][0]), Place(ref.place))

    def _item(self, rows: tuple[RedemptionRow, ...]) -> Item:
        first = rows[0]
        categories = 0
        spends = []
        for row in rows:
            if row.voucher is not None:
                batch = self._batches[row.voucher.batch][1]
                categories |= batch.categories
                amount = batch.face_value if row.amount is None else row.amount
                spends.append(Spend(self._id(row.voucher), amount))
        return Item(
            spends=tuple(sorted(spends, key=lambda spend: spend.voucher)),
            merchant=MerchantId(self._merchants[first.merchant][0]),
            bill=counted_bill(first.items, categories),
            receipt=Hash(f"0x{crc32(first.receipt.encode()):064x}"),
            channel=first.channel,
            deadline=UnixSeconds(first.deadline),
        )

    def _sight(self, ref: VoucherRef, now: UnixSeconds) -> VoucherSight:
        roll = self._rolls[ref.roll][1]
        is_there = ref.place < roll.places
        holder = self._address(self._holders[ref.roll][ref.place], roll) if is_there else None
        batch = self._batch(ref) if (ref.batch, ref.roll) in self._issued else None
        voucher = self._id(ref)
        programme = self._programme(*self._programmes[roll.programme], now) if is_there else None
        return VoucherSight(voucher, holder, programme, batch, UnixSeconds(0), voucher in self._redeemed)

    def _address(self, wallet: Wallet, roll: RollRow | None) -> Address:
        """A stand-in for an address: per person and programme in the node's custody, per device otherwise."""
        if custody(wallet) is Custody.NODE:
            assert roll is not None
            return Address(f"{roll.programme}/{wallet}")
        return Address(wallet)

    def _batch(self, ref: VoucherRef) -> Batch:
        number, row = self._batches[ref.batch]
        return _batch(number, row, self._programmes[row.programme][0])

    def _programme(self, number: int, row: ProgrammeRow, now: UnixSeconds) -> Programme:
        is_active = row.active and now >= row.starts_at
        return Programme(
            id=ProgrammeId(number),
            ref=row.ref,
            name=row.name,
            token=NOBODY,
            state=ProgrammeState.ACTIVE if is_active else ProgrammeState.PUBLISHED,
            rules_version=1,
            utc_offset_minutes=row.utc_offset_minutes,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            categories=row.categories,
            region=row.region,
            channels=row.channels,
            approvals_needed=row.approvals,
            drafted_by=NOBODY,
        )

    def _scene(self, rows: tuple[RedemptionRow, ...], item: Item, sights: list[VoucherSight]) -> Scene:
        first = rows[0]
        merchant_number, merchant = self._merchants[first.merchant]
        rules = None
        if sights and sights[0].batch is not None:
            programme = next(row for number, row in self._programmes.values() if number == sights[0].batch.programme)
            rules = Rules(sights[0].batch.programme, 1, programme.max_deadline, 0, 0)
        return Scene(
            now=first.redeemed_at,
            merchant=_merchant(merchant_number, merchant),
            rules=rules,
            terminal=self._terminal(first, merchant),
            signed_by=lambda holder: self._is_signed(first, item, holder),
            widening=Widening(),
            limits=LimitSight({} if rules is None else {1: rules}),
        )

    def _terminal(self, row: RedemptionRow, merchant: MerchantRow) -> TerminalSight | None:
        if row.terminal is None:
            return None
        signer = row.tampering.terminal_signer or row.terminal
        return TerminalSight(Address(row.terminal), row.terminal in merchant.terminals, signer == row.terminal)

    def _is_signed(self, row: RedemptionRow, item: Item, holder: Address) -> bool:
        odd = row.tampering
        return (
            (odd.signer is None or Address(odd.signer) == holder)
            and odd.signed_merchant in (None, row.merchant)
            and odd.signed_bill in (None, item.bill)
            and odd.signed_chain_id in (None, CHAIN_ID)
        )


def _batch(number: int, row: BatchRow, programme: int) -> Batch:
    return Batch(
        id=BatchId(number),
        ref=row.ref,
        programme=ProgrammeId(programme),
        line=LineId(programme << 16 | row.line),
        rules_version=1,
        kind=0,
        face=row.face_value,
        minimum_spend=row.minimum_spend,
        categories=row.categories,
        region=row.region,
        channels=row.channels,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        claim_days=row.claim_days,
        quota=row.quota,
        issued=0,
    )


def _merchant(number: int, row: MerchantRow) -> Merchant:
    status = MerchantStatus.SUSPENDED if row.suspended else MerchantStatus.ACTIVE
    return Merchant(MerchantId(number), row.ref, status, row.categories, row.region, row.channels, NOBODY)


def money(rows: tuple[RedemptionRow, ...], folder: ImportFolder) -> Amount:
    """Sum of the face values of a code's vouchers."""
    faces = {row.ref: row.face_value for row in folder.batches}
    return Amount(sum(faces[row.voucher.batch] for row in rows if row.voucher))
