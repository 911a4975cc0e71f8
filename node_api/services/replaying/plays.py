"""From rows of redemptions.csv to plays: references become ids, items become bills, wallets become signers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from node_api.domain.ids import Amount, Hash, MerchantId, Place, UnixSeconds, VoucherId, voucher_id
from node_api.domain.importing.acts import ActRow
from node_api.domain.importing.rows import RedemptionRow, Ref, VoucherRef, by_code, counted_bill
from node_api.domain.importing.wallets import Custody, Wallet, custody
from node_api.domain.items import Item, Spend
from node_api.domain.receipts import Receipt, ReceiptItem
from node_api.services.import_folder import ImportFolder
from node_api.services.loading.seen import Seen
from node_api.services.ports.playing import Play, SignedAs
from node_api.services.replaying.case_acts import Code

_SALT_BYTES = 16


class NotLoaded(Exception):
    """Something the redemptions name is not on chain."""


class NobodySigns(Exception):
    """A row's signer is a device whose key this node does not have."""


def require_loaded(acts: Iterable[ActRow], seen: Seen, folder: Path) -> None:
    """Raises NotLoaded where something that acts are about is not on chain."""
    for act in acts:
        named = (
            (act.programme, seen.programmes), (act.batch, seen.batches), (act.roll, seen.rolls),
            (act.merchant, seen.merchants),
        )  # fmt: skip
        for ref, there in named:
            if ref is not None and ref not in there:
                raise _not_loaded(f"{ref!r}", folder)


def _not_loaded(what: object, folder: Path) -> NotLoaded:
    return NotLoaded(f"{what} is not on chain: run `vouchertrail load {folder}` first")


class Plays:
    """The plays of a folder, in the order of its rows."""

    def __init__(self, folder: ImportFolder, seen: Seen, receipt_hash: Callable[[Receipt], Hash]) -> None:
        """Takes the folder, what the chain has of it, and how receipts are hashed."""
        self._folder = folder
        self._seen = seen
        self._hash = receipt_hash
        self._batches = {row.ref: row for row in folder.batches}
        self._holders = {row.ref: row for row in folder.rolls}
        self._wallets: dict[Ref, list[Wallet]] = {}

    def __iter__(self) -> Iterator[Play]:
        """The plays.

        Raises:
            NotLoaded: the folder is not loaded, or not whole.
            NobodySigns: a row asks for a signature nobody here can give.
        """
        try:
            for rows in by_code(self._folder.redemptions()):
                yield self._play(rows)
        except KeyError as missing:
            raise _not_loaded(missing, self._folder.path) from None

    def codes(self, wanted: Collection[int]) -> dict[int, Code]:
        """What acts need of the codes they are about. Raises as `__iter__`; each stands in redemptions.csv."""
        plays = (play for play in self if play.code in wanted) if wanted else ()
        found: dict[int, Code] = {}
        for play in plays:
            if play.signer is None:
                raise NobodySigns(f"code {play.code} holds no voucher: no act can be about it")
            vouchers = tuple(spend.voucher for spend in play.item.spends)
            found[play.code] = Code(play.programme, vouchers, play.item.receipt, play.signer)
        return found

    def _play(self, rows: tuple[RedemptionRow, ...]) -> Play:
        first = rows[0]
        spends = sorted((self._spend(row) for row in rows if row.voucher is not None), key=lambda spend: spend.voucher)
        categories = 0
        for row in rows:
            categories |= self._batches[row.voucher.batch].categories if row.voucher else 0
        merchant, bill = self._merchant(first.merchant), counted_bill(first.items, categories)
        receipt = _receipt(first)
        item = Item(
            spends=tuple(spends),
            merchant=merchant,
            bill=bill,
            receipt=self._hash(receipt),
            channel=first.channel,
            deadline=UnixSeconds(first.deadline),
        )
        odd = first.tampering
        signer, programme = self._signer(rows)
        is_plain = odd.is_honest and all(row.amount is None for row in rows) and first.expected is None
        is_plain = is_plain and first.max_bill is None and not first.consented
        return Play(
            code=first.code,
            rows=tuple(row.row for row in rows),
            at=first.redeemed_at,
            programme=programme,
            item=item,
            signed_as=SignedAs(
                self._merchant(odd.signed_merchant) if odd.signed_merchant is not None else merchant,
                odd.signed_bill if odd.signed_bill is not None else bill,
                odd.signed_chain_id,
            ),
            max_bill=first.max_bill,
            consented=first.consented,
            signer=signer,
            custodial=is_plain and signer is not None and custody(signer) is Custody.NODE,
            receipt=receipt,
            terminal=first.terminal,
            terminal_signer=odd.terminal_signer or first.terminal,
            expected=first.expected,
        )

    def _spend(self, row: RedemptionRow) -> Spend:
        assert row.voucher is not None
        face = self._batches[row.voucher.batch].face_value
        return Spend(self._voucher(row.voucher), row.amount if row.amount is not None else face, row.sequence)

    def _voucher(self, ref: VoucherRef) -> VoucherId:
        return voucher_id(self._seen.batch(ref.batch), self._seen.roll(ref.roll), Place(ref.place))

    def _merchant(self, ref: Ref) -> MerchantId:
        return self._seen.merchants[ref].id

    def _signer(self, rows: tuple[RedemptionRow, ...]) -> tuple[Wallet | None, Ref]:
        """Who signs, and the programme whose key of that person it is."""
        first = rows[0]
        named = first.tampering.signer
        place = next((row.voucher for row in rows if row.voucher is not None), None)
        roll = self._holders[place.roll] if place is not None else None
        holder = None
        if place is not None and roll is not None and place.place < roll.places:
            holder = self._wallets.setdefault(roll.ref, roll.holders())[place.place]
        signer = named or holder
        if signer is not None and custody(signer) is Custody.OWN:
            raise NobodySigns(
                f"row {first.row} is to be signed by {signer}, a device of its holder's own: "
                "name a demonstration device (device:REFERENCE) or leave the row out"
            )
        return signer, roll.programme if roll is not None else first.programme


def _receipt(row: RedemptionRow) -> Receipt:
    """The receipt in clear. Its salt follows from the row, so that the same row always gives the same hash."""
    text = f"vouchertrail replay {row.programme} {row.merchant} {row.receipt} {row.tampering.repeats or row.code}"
    return Receipt(
        number=row.receipt,
        time=row.signed_at,
        items=tuple(ReceiptItem(category, Amount(amount)) for category, amount in row.items),
        salt=sha256(text.encode()).digest()[:_SALT_BYTES],
    )
