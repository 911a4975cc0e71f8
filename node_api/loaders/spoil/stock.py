"""What spoiled redemptions are made of: fresh vouchers, merchants where they would be good, moments at which they would be.

Every spoiled row spends a voucher of its own, held by a demonstration device in a roll that is added, so that nothing it
does, or fails to do, touches a row that was left whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from node_api.domain.ids import MAX_PLACES, Amount
from node_api.domain.importing.rows import BatchRow, MerchantRow, ProgrammeRow, RedemptionRow, Ref, VoucherRef
from node_api.domain.importing.values import CHANNELS
from node_api.domain.importing.wallets import DEVICE_PREFIX, Wallet
from node_api.domain.regions import region_covers
from node_api.loaders.spoil.spoiled import SpoiledAct
from node_api.services.import_folder import ImportFolder

Items = tuple[tuple[int, Amount], ...]


class CannotSpoil(Exception):
    """The folder has no batch, merchant or moment at which one of the rules alone could be broken."""


@dataclass(frozen=True, slots=True)
class Sale:
    """Something a fresh voucher could be spent on: breaking one thing about it breaks one rule."""

    batch: BatchRow
    merchant: MerchantRow
    channel: int
    at: int


@dataclass(slots=True)
class AddedRoll:
    """A roll of devices that is added for a programme."""

    ref: Ref
    programme: Ref
    holders: list[Wallet] = field(default_factory=list)
    batches: dict[Ref, BatchRow] = field(default_factory=dict)


class Stock:
    """Draws from a folder; the same folder and seed draw the same."""

    def __init__(self, folder: ImportFolder, random: Random) -> None:
        self.folder = folder
        self.random = random
        self.rolls: dict[Ref, AddedRoll] = {}
        self.programmes = {programme.ref: programme for programme in folder.programmes}
        self.issued = {(issue.batch, issue.roll) for issue in folder.issues}
        self.merchants = tuple(merchant for merchant in folder.merchants if not merchant.suspended)
        self.spent: set[VoucherRef] = set()
        times = list(self._read(folder))
        self.begin, self.end = times[0], times[-1]
        self.devices = 0
        self.acts: list[SpoiledAct] = []
        self.busy_days: set[tuple[Ref, int]] = set()  # merchants that reached their limit

    def _read(self, folder: ImportFolder) -> Iterator[int]:
        row: RedemptionRow | None = None
        for row in folder.redemptions():
            if row.voucher is not None:
                self.spent.add(row.voucher)
            yield row.redeemed_at
        if row is None:
            raise CannotSpoil("redemptions.csv is missing or empty: spoiled rows are played among sound ones")

    def sale(
        self,
        of: Callable[[BatchRow], bool] = lambda _: True,
        at: Callable[[BatchRow, MerchantRow], bool] = lambda _batch, _merchant: True,
        merchants: tuple[MerchantRow, ...] | None = None,
    ) -> Sale:
        """A sale that every rule would let pass, of a batch and at a merchant as asked for.

        Raises:
            CannotSpoil: there is none.
        """
        for batch in self.random.sample(self.folder.batches, len(self.folder.batches)):
            if not (self.programmes[batch.programme].active and self._is_open(batch) and of(batch)):
                continue
            fitting = [one for one in merchants or self.merchants if self.shares(batch, one) and at(batch, one)]
            if fitting:
                merchant = self.random.choice(fitting)
                channel = (batch.channels & merchant.channels).bit_length() - 1
                return Sale(batch, merchant, channel, self.moment(batch))
        raise CannotSpoil("no batch and merchant fit")

    def sale_elsewhere(self, wrong: Callable[[BatchRow, MerchantRow], bool]) -> Sale:
        """A sale at a merchant where nothing but one rule, `wrong`, says no."""
        for batch in self.random.sample(self.folder.batches, len(self.folder.batches)):
            if self.programmes[batch.programme].active and self._is_open(batch):
                fitting = [merchant for merchant in self.merchants if wrong(batch, merchant)]
                if fitting:
                    merchant = self.random.choice(fitting)
                    channel = (batch.channels & merchant.channels).bit_length() - 1
                    return Sale(batch, merchant, channel, self.moment(batch))
        raise CannotSpoil("no batch and merchant fit")

    def _is_open(self, batch: BatchRow) -> bool:
        """Whether it can be spent for at least three seconds within the time the folder's redemptions span.

        Batches whose end hangs on when their roll was written are left alone.
        """
        return batch.claim_days == 0 and self.seconds_open(batch) > 2

    def seconds_open(self, batch: BatchRow) -> int:
        """For how long it can be spent within the time the folder's redemptions span."""
        return min(batch.valid_until, self.end) - max(batch.valid_from, self.begin)

    def moment(self, batch: BatchRow) -> int:
        """A second within the batch's validity and the time the folder's redemptions span."""
        return self.random.randrange(max(batch.valid_from, self.begin), min(batch.valid_until, self.end))

    def sale_of(self, batch: BatchRow, merchants: tuple[MerchantRow, ...] | None = None) -> Sale:
        """A sale of a batch that the folder does not have, at a merchant where it would be good, a second before its end at most.

        Raises:
            CannotSpoil: no merchant fits.
        """
        fitting = [merchant for merchant in merchants or self.merchants if self.shares(batch, merchant)]
        if not fitting:
            raise CannotSpoil(f"no merchant fits batch {batch.ref}")
        merchant = self.random.choice(fitting)
        channel = (batch.channels & merchant.channels).bit_length() - 1
        return Sale(batch, merchant, channel, self.moment(batch))

    @staticmethod
    def shares(batch: BatchRow, merchant: MerchantRow) -> bool:
        """Whether category, region and channel let the batch be spent at the merchant."""
        return bool(
            batch.categories & merchant.categories
            and region_covers(batch.region, merchant.region)
            and batch.channels & merchant.channels
        )

    def device(self, name: str = "person") -> Wallet:
        """A demonstration device nobody had before."""
        self.devices += 1
        return Wallet(f"{DEVICE_PREFIX}spoil-{name}-{self.devices}")

    def voucher(self, batch: BatchRow, holder: Wallet | None = None) -> VoucherRef:
        """A fresh voucher of the batch, at a new place of the roll added for its programme."""
        voucher = self.unissued(batch.programme, batch, holder)
        self.rolls[batch.programme].batches[batch.ref] = batch
        return voucher

    def unissued(self, programme: Ref, batch: BatchRow, holder: Wallet | None = None) -> VoucherRef:
        """A new place of the roll added for a programme, as if `batch` were issued to that roll, which this does not see to."""
        roll = self._roll(programme)
        roll.holders.append(holder or self.device())
        return VoucherRef(batch.ref, roll.ref, len(roll.holders) - 1)

    def holder(self, voucher: VoucherRef) -> Wallet:
        """Who holds a fresh voucher."""
        return next(roll for roll in self.rolls.values() if roll.ref == voucher.roll).holders[voucher.place]

    def _roll(self, programme: Ref) -> AddedRoll:
        roll = self.rolls.setdefault(programme, AddedRoll(Ref(f"spoil-{programme}"), programme))
        if len(roll.holders) == MAX_PLACES:
            raise CannotSpoil(f"the roll added for {programme} is full; ask for fewer rows")
        return roll

    def unspent(self, batch: BatchRow) -> VoucherRef | None:
        """A voucher of the batch in the node's custody which no row of the folder spends; None if there is none."""
        for roll in self.folder.rolls:
            if roll.custodial and (batch.ref, roll.ref) in self.issued:
                voucher = VoucherRef(batch.ref, roll.ref, self.random.randrange(roll.places))
                if voucher not in self.spent:
                    return voucher
        return None

    def good_items(self, batches: tuple[BatchRow, ...]) -> Items:
        """A receipt that pays for a voucher of each of the batches."""
        lowest = (batches[0].categories & -batches[0].categories).bit_length() - 1
        faces = sum(batch.face_value for batch in batches)
        minimums = sum(batch.minimum_spend for batch in batches)
        return ((lowest, Amount(max(faces, minimums) + self.random.randrange(5_000))),)

    def programme(self, batch: BatchRow) -> ProgrammeRow:
        """The batch's programme."""
        return self.programmes[batch.programme]


def closed_channel(mask: int) -> int:
    """The lowest channel that is not in the mask.

    Raises:
        CannotSpoil: all are.
    """
    for channel in range(len(CHANNELS)):
        if not mask >> channel & 1:
            return channel
    raise CannotSpoil("every channel is open")
