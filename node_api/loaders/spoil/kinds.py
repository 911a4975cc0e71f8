"""Ways of asking of a percentage or of stored value what it does not give; shaped like those of `breakages`."""

from node_api.domain.ids import Amount
from node_api.loaders.spoil.added import Added
from node_api.loaders.spoil.codes import Draft
from node_api.loaders.spoil.spoiled import SpoiledCode
from node_api.loaders.spoil.stock import Stock

_KINDS = ("percentage", "stored")


def amount_outside(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """Nothing, or one more than the cap of a percentage or than what stored value has."""
    draft = _draft(stock, added, _KINDS[n % 2])
    draft.more["amount"] = 0 if n % 4 < len(_KINDS) else draft.sale.batch.face_value + 1
    return [draft.code(stock, "amount outside what is left", "AmountOutside")]


def wrong_sequence(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """The sequence of a spend that nothing came before."""
    draft = _draft(stock, added, _KINDS[n % 2])
    draft.more["sequence"] = 1 + n % 3
    return [draft.code(stock, "sequence out of order", "SequenceMismatch")]


def nothing_off(stock: Stock, added: Added, n: int) -> list[SpoiledCode]:
    """A bill of which a tenth is less than a cent."""
    draft = _draft(stock, added, "percentage")
    draft.items = ((draft.items[0][0], Amount(1 + n % 9)),)
    return [draft.code(stock, "percentage comes to nothing", "NothingOff")]


def _draft(stock: Stock, added: Added, kind: str) -> Draft:
    return Draft.of(stock, stock.sale_of(added.programmes[kind].batch))
