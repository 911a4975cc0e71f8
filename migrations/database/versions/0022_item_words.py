"""Signed items in the words of the call that redeems them, instead of JSON: what is sent need not be put together anew."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_WORD, _AT_ONCE = 32, 1_000
_COMMENT = "see domain/item_words.py"
_items = sa.table(
    "operation_items",
    sa.column("sequence", sa.BigInteger),
    sa.column("item", sa.Text),
    sa.column("words", sa.LargeBinary),
    sa.column("consent", sa.LargeBinary),
)


def upgrade() -> None:
    """Has the words in the place of the text, and consents in a column of their own."""
    words = sa.Column("words", sa.LargeBinary(), nullable=False, server_default="", comment=_COMMENT)
    op.add_column("operation_items", words)
    op.add_column("operation_items", sa.Column("consent", sa.LargeBinary(), nullable=True))
    _each(_to_words, _items.c.item)
    _require_always("words", sa.LargeBinary())
    op.drop_column("operation_items", "item")


def downgrade() -> None:
    """Has the text again."""
    op.add_column("operation_items", sa.Column("item", sa.Text(), nullable=False, server_default=""))
    _each(_to_text, _items.c.words, _items.c.consent)
    _require_always("item", sa.Text())
    op.drop_column("operation_items", "words")
    op.drop_column("operation_items", "consent")


def _require_always(column: str, kind: sa.types.TypeEngine[Any]) -> None:
    """Has no row without it from now on, where that can be said of a column that is there."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("operation_items", column, existing_type=kind, server_default=None)


def _each(change: Callable[..., dict[str, object]], *columns: sa.ColumnClause[object]) -> None:
    """Sets of every item what `change` makes of these columns."""
    connection, last = op.get_bind(), -1
    page = sa.select(_items.c.sequence, *columns).order_by(_items.c.sequence).limit(_AT_ONCE)
    while rows := connection.execute(page.where(_items.c.sequence > last)).all():
        made = [{"row": row[0], **change(*row[1:])} for row in rows]
        connection.execute(sa.update(_items).where(_items.c.sequence == sa.bindparam("row")), made)
        last = rows[-1][0]


def _to_words(text: str) -> dict[str, object]:
    fields = json.loads(text)
    spends = [int(number) for spend in fields["spends"] for number in spend]
    signature, consent = bytes.fromhex(fields["signature"]), bytes.fromhex(fields.get("consent", ""))
    numbers = [
        int(fields["merchant"]),
        6 * _WORD,
        int(fields["bill"]),
        int(fields["receipt"], 16),
        int(fields["channel"]),
        int(fields["deadline"]),
        (7 + len(spends)) * _WORD,
        len(fields["spends"]),
        *spends,
        len(signature),
    ]
    words = b"".join(number.to_bytes(_WORD) for number in numbers) + signature + bytes(-len(signature) % _WORD)
    return {"words": words, "consent": consent or None}


def _to_text(words: bytes, consent: bytes | None) -> dict[str, object]:
    numbers = [int.from_bytes(words[at : at + _WORD]) for at in range(0, len(words), _WORD)]
    merchant, _, bill, receipt, channel, deadline, _, count = numbers[:8]
    end = 8 + 3 * count
    start = (end + 1) * _WORD
    fields = {
        "spends": [list(map(str, numbers[at : at + 3])) for at in range(8, end, 3)],
        "merchant": str(merchant),
        "bill": str(bill),
        "receipt": f"0x{receipt:064x}",
        "channel": str(channel),
        "deadline": str(deadline),
        "signature": words[start : start + numbers[end]].hex(),
    }
    if consent:
        fields["consent"] = consent.hex()
    return {"item": json.dumps(fields, separators=(",", ":"))}
