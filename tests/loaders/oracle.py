"""Judges the rows of redemptions.csv with the domain's rules: what a player should find, without chain, keys or node."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from zlib import crc32

from node_api.domain.calendar import local_day, month_of
from node_api.domain.ids import (
    NEVER,
    Address,
    Amount,
    BatchId,
    Day,
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
from node_api.domain.importing.acts import ActKind, ActRow
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
from node_api.domain.items import Item, Spend, open_signature
from node_api.domain.limits import HolderCounter, LimitSight, TerminalDay
from node_api.domain.models import Batch, Merchant, MerchantStatus, Programme, ProgrammeState, Rules, Widening
from node_api.domain.rules import Scene, TerminalSight, VoucherSight, judge
from node_api.services.import_folder import ImportFolder

CHAIN_ID = 31_373
NOBODY = Address("0x" + "0" * 40)


@dataclass(frozen=True)
class Subject:
    """What an act is about, as its row names it."""

    batch: str | None = None
    roll: str | None = None
    place: int | None = None
    merchant: str | None = None


@dataclass
class UsedUp:
    """What was redeemed before: amounts and counts by holder, by merchant's day and by terminal's day."""

    holders: defaultdict[tuple[ProgrammeId, Address | None], list[tuple[Day, Amount]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    merchants: Counter[tuple[LineId, str, Day]] = field(default_factory=Counter)
    terminals: Counter[tuple[Wallet | None, Day]] = field(default_factory=Counter)

    def add(self, row: RedemptionRow, sights: list[VoucherSight], day: Day) -> None:
        """Counts an accepted code."""
        for sight in sights:
            assert sight.batch is not None
            self.holders[sight.batch.programme, sight.holder].append((day, sight.batch.face))
            self.merchants[sight.batch.line, row.merchant, day] += sight.batch.face
            self.terminals[row.terminal, day] += sight.batch.face

    def counter(self, programme: ProgrammeId, holder: Address | None, day: Day) -> HolderCounter:
        """The holder's, as of a day."""
        spent = self.holders[programme, holder]
        of_day = [face for on, face in spent if on == day]
        of_month = [face for on, face in spent if month_of(on) == month_of(day)]
        return HolderCounter(sum(of_day), len(of_day), sum(of_month), len(of_month), len(spent))


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
        self._used = UsedUp()
        self._accepted: dict[int, tuple[VoucherId, ...]] = {}
        self._frozen: dict[Subject, UnixSeconds] = {}
        self._revoked: set[Subject] = set()
        self._booked: set[Subject] = set()
        self._paused: dict[str | None, UnixSeconds] = {}
        self._passed_on: dict[Subject, Wallet] = {}
        self._dead: set[tuple[int | None, VoucherId]] = set()

    def play(self) -> Iterator[tuple[tuple[RedemptionRow, ...], str | None]]:
        """Each code with what it meets."""
        acts = deque(self._folder.acts)
        for rows in by_code(self._folder.redemptions()):
            while acts and acts[0].at <= rows[0].redeemed_at:
                self._act(acts.popleft())
            item = self._item(rows)
            vouchers = sorted((row.voucher for row in rows if row.voucher), key=self._id)
            sights = [self._sight(voucher, rows[0]) for voucher in vouchers]
            refusal = judge(item, sights, self._scene(rows, item, sights))
            if refusal is None:
                self._redeemed |= {sight.voucher for sight in sights}
                self._used.add(rows[0], sights, self._day(rows[0], sights))
                self._accepted[rows[0].code] = tuple(sight.voucher for sight in sights)
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
                spends.append(Spend(self._id(row.voucher), amount, row.sequence))
        return Item(
            spends=tuple(sorted(spends, key=lambda spend: spend.voucher)),
            merchant=MerchantId(self._merchants[first.merchant][0]),
            bill=counted_bill(first.items, categories),
            receipt=Hash(f"0x{crc32(first.receipt.encode()):064x}"),
            channel=first.channel,
            deadline=UnixSeconds(first.deadline),
            signature=b"" if first.max_bill is None else open_signature(first.max_bill, bytes(65)),
        )

    def _act(self, act: ActRow) -> None:
        """What an act changes for the codes behind it."""
        subject = Subject(act.batch, act.roll, act.place, act.merchant)
        match act.kind:
            case ActKind.FREEZE:
                self._frozen[subject] = act.until or NEVER
            case ActKind.CONFIRM:
                self._revoked.add(subject)
                self._frozen.pop(subject)
            case ActKind.BOOK if act.expected is None:
                self._booked.add(Subject(act.batch, act.roll, act.place))
            case ActKind.TRANSFER:
                assert act.to is not None
                self._passed_on[subject] = act.to
            case ActKind.PAUSE:
                self._paused[act.programme] = act.until or NEVER
            case ActKind.REVERSE:
                vouchers = self._accepted[act.code or 0]
                self._redeemed -= set(vouchers)
                self._dead |= {(act.code, voucher) for voucher in vouchers}

    def _frozen_until(self, *subjects: Subject) -> UnixSeconds:
        return max(self._frozen.get(subject, NEVER) for subject in subjects)

    def _sight(self, ref: VoucherRef, row: RedemptionRow) -> VoucherSight:
        roll = self._rolls[ref.roll][1]
        is_there = ref.place < roll.places
        whole = Subject(ref.batch, ref.roll, ref.place)
        holder = None
        if is_there:
            holder = self._address(self._passed_on.get(whole, self._holders[ref.roll][ref.place]), roll)
        batch = self._batch(ref) if (ref.batch, ref.roll) in self._issued else None
        voucher = self._id(ref)
        programme = self._programme(*self._programmes[roll.programme], row.redeemed_at) if is_there else None
        above = (Subject(roll=ref.roll, place=ref.place), Subject(roll=ref.roll), Subject(batch=ref.batch))
        return VoucherSight(
            voucher=voucher,
            holder=holder,
            programme=programme,
            batch=batch,
            written_at=UnixSeconds(0),
            redeemed=voucher in self._redeemed,
            frozen_until=self._frozen_until(whole, *above),
            revoked=whole in self._revoked,
            booked=whole in self._booked,
            dead=(row.tampering.repeats, voucher) in self._dead,
        )

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
            paused_until=self._paused.get(row.ref, NEVER),
        )

    def _scene(self, rows: tuple[RedemptionRow, ...], item: Item, sights: list[VoucherSight]) -> Scene:
        first = rows[0]
        merchant_number, merchant = self._merchants[first.merchant]
        rules = None
        if sights and sights[0].batch is not None:
            programme = self._row_of(sights[0].batch.programme)
            rules = Rules(sights[0].batch.programme, 1, programme.max_deadline, 0, 0, **asdict(programme.limits))
        return Scene(
            now=first.redeemed_at,
            merchant=_merchant(merchant_number, merchant, self._frozen_until(Subject(merchant=merchant.ref))),
            rules=rules,
            terminal=self._terminal(first, merchant),
            signed=self._is_signed(first, item, sights[0].holder if sights else None, self._signer(rows)),
            widening=Widening(),
            limits=LimitSight() if rules is None else self._limits(first, rules, sights),
        )

    def _limits(self, row: RedemptionRow, rules: Rules, sights: list[VoucherSight]) -> LimitSight:
        day, holder = self._day(row, sights), sights[0].holder
        limit = self._merchants[row.merchant][1].terminal_limit if row.terminal else 0
        return LimitSight(
            rules={1: rules},
            counter=lambda: self._used.counter(rules.programme, holder, day),
            merchant_day=lambda line: self._used.merchants[line, row.merchant, day],
            terminal=TerminalDay(limit, self._used.terminals[row.terminal, day]),
        )

    def _day(self, row: RedemptionRow, sights: list[VoucherSight]) -> Day:
        batch = sights[0].batch
        return local_day(row.redeemed_at, self._row_of(batch.programme).utc_offset_minutes if batch else 0)

    def _row_of(self, programme: ProgrammeId) -> ProgrammeRow:
        return next(row for number, row in self._programmes.values() if number == programme)

    def _terminal(self, row: RedemptionRow, merchant: MerchantRow) -> TerminalSight | None:
        if row.terminal is None:
            return None
        signer = row.tampering.terminal_signer or row.terminal
        return TerminalSight(Address(row.terminal), row.terminal in merchant.terminals, signer == row.terminal)

    def _signer(self, rows: tuple[RedemptionRow, ...]) -> Address:
        """Who signs: whom the rows name, else who stands in the roll."""
        if (named := rows[0].tampering.signer) is not None:
            return Address(named)
        place = next(row.voucher for row in rows if row.voucher)
        return self._address(self._holders[place.roll][place.place], self._rolls[place.roll][1])

    def _is_signed(self, row: RedemptionRow, item: Item, holder: Address | None, signer: Address) -> bool:
        odd = row.tampering
        return (
            signer == holder
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
        kind=row.kind,
        percentage=row.percentage,
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


def _merchant(number: int, row: MerchantRow, frozen_until: UnixSeconds) -> Merchant:
    status = MerchantStatus.SUSPENDED if row.suspended else MerchantStatus.ACTIVE
    number_and_terms = (MerchantId(number), row.ref, status, row.categories, row.region, row.channels)
    return Merchant(*number_and_terms, NOBODY, frozen_until)


def money(rows: tuple[RedemptionRow, ...], folder: ImportFolder) -> Amount:
    """Sum of the face values of a code's vouchers."""
    faces = {row.ref: row.face_value for row in folder.batches}
    return Amount(sum(faces[row.voucher.batch] for row in rows if row.voucher))
