"""Ways of breaking what a code's signature, deadline, terminal or programme vouch for; shaped like those of `breakages`."""

from node_api.domain.importing.rows import BatchRow, MerchantRow, counted_bill
from node_api.domain.importing.wallets import Wallet
from node_api.loaders.spoil.added import Added
from node_api.loaders.spoil.codes import Draft
from node_api.loaders.spoil.spoiled import SpoiledCode
from node_api.loaders.spoil.stock import CannotSpoil, Stock

_TRIES = 200


def stranger_signs(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """Somebody else signs for a voucher in the node's custody."""
    for _ in range(_TRIES):
        sale = stock.sale()
        voucher = stock.unspent(sale.batch)
        if voucher is not None:
            items = stock.good_items((sale.batch,))
            draft = Draft(sale, [(sale.batch, voucher)], items, sale.at, sale.merchant.ref, sale.channel)
            draft.more["signer"] = stock.device("thief")
            return [draft.code(stock, "someone else's signature", "SignatureInvalid")]
    raise CannotSpoil("no unspent voucher in the node's custody")


def other_merchant_signed(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """Signed for another merchant."""
    draft = Draft.of(stock, stock.sale())
    others = [merchant.ref for merchant in stock.merchants if merchant.ref != draft.merchant]
    draft.more["signed_merchant"] = stock.random.choice(others)
    return [draft.code(stock, "signed for another merchant", "SignatureInvalid")]


def other_bill_signed(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """Signed for a bill one higher, or one lower."""
    draft = Draft.of(stock, stock.sale())
    bill = counted_bill(draft.items, draft.sale.batch.categories)
    draft.more["signed_bill"] = bill + (1 if n % 2 == 0 else -1)
    return [draft.code(stock, "signed for another bill", "SignatureInvalid")]


def other_chain_signed(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """Signed for another chain."""
    draft = Draft.of(stock, stock.sale())
    draft.more["signed_chain_id"] = (1, 5, 10, 56)[n % 4]
    return [draft.code(stock, "signed for another chain", "SignatureInvalid")]


def deadline_passed(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """At the deadline, which is exclusive, or behind it."""
    draft = Draft.of(stock, stock.sale())
    draft.more["deadline_seconds"] = (0, -1, -3_600)[n % 3]
    return [draft.code(stock, "deadline passed", "DeadlinePassed")]


def deadline_too_far(stock: Stock, _added: Added, n: int) -> list[SpoiledCode]:
    """A second further ahead than the programme allows, or an hour."""
    draft = Draft.of(stock, stock.sale())
    draft.more["deadline_seconds"] = stock.programme(draft.sale.batch).max_deadline + (1 if n % 2 == 0 else 3_600)
    return [draft.code(stock, "deadline too far ahead", "DeadlineTooFar")]


def deadline_unbounded(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """The largest deadline there is."""
    draft = Draft.of(stock, stock.sale())
    draft.more["deadline_seconds"] = "never"
    return [draft.code(stock, "unbounded deadline", "DeadlineTooFar")]


def foreign_terminal(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """Another merchant's terminal answers for the code."""
    draft = _at_tills(stock, added, added.others.terminals[0])
    return [draft.code(stock, "another merchant's terminal", "TerminalUnknown")]


def terminal_unsigned(stock: Stock, added: Added, _n: int) -> list[SpoiledCode]:
    """The merchant's terminal is named, and somebody else signed for it."""
    draft = _at_tills(stock, added, added.tills.terminals[0])
    draft.more["terminal_signer"] = stock.device("thief")
    return [draft.code(stock, "terminal's signature by somebody else", "TerminalSignatureInvalid")]


def self_redemption(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The holder's key is the terminal's."""
    own = added.tills.terminals[1 + n]
    sale = stock.sale(merchants=(added.tills,))
    voucher = stock.voucher(sale.batch, own)
    draft = Draft(
        sale, [(sale.batch, voucher)], stock.good_items((sale.batch,)), sale.at, sale.merchant.ref, sale.channel
    )
    draft.more["terminal"] = own
    return [draft.code(stock, "holder is the terminal", "SelfRedemption")]


def mixed_programmes(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """Vouchers of two programmes in one code, held by the same device."""
    for _ in range(_TRIES):
        sale = stock.sale()

        def fits(batch: BatchRow, merchant: MerchantRow, at: int = sale.at, channel: int = sale.channel) -> bool:
            return (
                stock.programme(batch).active
                and batch.valid_from <= at < batch.valid_until
                and stock.shares(batch, merchant)
                and bool(batch.channels >> channel & 1)
            )

        seconds = [
            batch
            for batch in stock.folder.batches
            if batch.programme != sale.batch.programme and fits(batch, sale.merchant)
        ]
        if seconds:
            draft = Draft.of(stock, sale)
            second = stock.random.choice(seconds)
            draft.spends.append((second, stock.voucher(second, stock.holder(draft.spends[0][1]))))
            draft.items = stock.good_items((sale.batch, second))
            return [draft.code(stock, "vouchers of two programmes", "ProgrammeMixed")]
    raise CannotSpoil("no two programmes run at the same time and share a merchant")


def not_issued(stock: Stock, _added: Added, _n: int) -> list[SpoiledCode]:
    """A batch that was not issued to the roll; comes after all others, since those issue batches."""
    sale = stock.sale(lambda batch: batch.ref not in _added_batches(stock, batch))
    voucher = stock.unissued(sale.batch.programme, sale.batch)
    draft = Draft(
        sale, [(sale.batch, voucher)], stock.good_items((sale.batch,)), sale.at, sale.merchant.ref, sale.channel
    )
    return [draft.code(stock, "batch not issued to the roll", "VoucherUnknown")]


def _added_batches(stock: Stock, batch: BatchRow) -> set[str]:
    """Batches issued to the roll added for the batch's programme; the batch itself where no batch was."""
    roll = stock.rolls.get(batch.programme)
    return set(roll.batches) if roll and roll.batches else {batch.ref}


def _at_tills(stock: Stock, added: Added, terminal: Wallet) -> Draft:
    draft = Draft.of(stock, stock.sale(merchants=(added.tills,)))
    draft.more["terminal"] = terminal
    return draft
