"""Tables of the node's own work: operations, the outbox, claims on receipts, the refusal log, API keys.

Unlike the index they cannot be rebuilt from the chain: nothing here is ever deleted but claims of what was refused.
Times are milliseconds of the node's clock unless a column says otherwise.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from node_api.storage.types import Key, Raw

metadata = MetaData()


def carried_columns() -> tuple[Column[Any], ...]:
    """How what was signed was judged, carried and answered; made anew for each table, since a column belongs to one."""
    return (
        Column("digest", Raw, nullable=False),
        Column("judged_block", BigInteger, nullable=False),
        Column("judged_hash", Raw, nullable=False),
        Column("judged_time", BigInteger, nullable=False, comment="Unix seconds"),
        Column("call", Raw, nullable=True),
        Column("call_item", Integer, nullable=True),
        Column("reason", String(64), nullable=True),
        Column("reason_value", Text, nullable=True),
        Column("reason_on_chain", Integer, nullable=True),
        Column("fault", Text, nullable=True),
    )


operations = Table(
    "operations",
    metadata,
    Column("sequence", Key, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("idempotency_key", String(255), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("batch", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    UniqueConstraint("owner", "idempotency_key"),
)
operation_states = Table(
    "operation_states",
    metadata,
    Column("operation", String(40), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
)
OPEN = text("state IN ('queued', 'sent')")
"""Items that are under way: said in these very words wherever they are looked for, or the index of them is not used."""
_CARRIED = text("call IS NOT NULL")
operation_items = Table(
    "operation_items",
    metadata,
    Column("sequence", Key, primary_key=True, autoincrement=True),
    Column("operation", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("merchant", BigInteger, nullable=True),
    Column("programme", BigInteger, nullable=True),
    Column("holder", Raw, nullable=True),
    Column("words", Raw, nullable=False, comment="see domain/item_words.py"),
    Column("consent", Raw, nullable=True),
    Column("terminal", Raw, nullable=True),
    Column("terminal_signature", Raw, nullable=True),
    *carried_columns(),
    Column("call_group", Integer, nullable=True),
    Column("spent", Text, nullable=True),
    Column("reason_voucher", BigInteger, nullable=True),
    UniqueConstraint("operation", "position"),
    Index("ix_operation_items_open", "state", "sequence", sqlite_where=OPEN, postgresql_where=OPEN),
    Index("ix_operation_items_call", "call", sqlite_where=_CARRIED, postgresql_where=_CARRIED),
)
outbox_calls = Table(
    "outbox_calls",
    metadata,
    Column("hash", Raw, primary_key=True),
    Column("sender", Raw, nullable=False),
    Column("nonce", BigInteger, nullable=False, index=True),
    Column("raw", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("block", BigInteger, nullable=True),
    Column("block_hash", Raw, nullable=True),
    Column("block_time", BigInteger, nullable=True, comment="Unix seconds"),
    Column("signed_at", BigInteger, nullable=False),
    Index("ix_outbox_calls_account", "sender", "state", "nonce"),
)
receipt_claims = Table(
    "receipt_claims",
    metadata,
    Column("programme", BigInteger, primary_key=True, autoincrement=False),
    Column("merchant", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt", Raw, primary_key=True),
    Column(
        "operation", String(40), nullable=False
    ),  # of a capture its booking, and beside it which: see `Operations.claim`
    Column("position", Integer, nullable=False),
)
refusal_log = Table(
    "refusal_log",
    metadata,
    Column("number", Key, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("operation", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("merchant", BigInteger, nullable=True, index=True),
    Column("voucher", BigInteger, nullable=True, index=True),
    Column("digest", Raw, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("value", Text, nullable=False),
)
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("token_hash", Raw, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("merchant", BigInteger, nullable=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, comment="Unix seconds"),
    Column("revoked_at", BigInteger, nullable=True, comment="Unix seconds"),
)
case_requests = Table(
    "case_requests",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("idempotency_key", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("received_at", BigInteger, nullable=False),
)
index_rewinds = Table(
    "index_rewinds",
    metadata,
    Column("number", Key, primary_key=True, autoincrement=True),
    Column("to_block", BigInteger, nullable=False, comment="newest block that was kept"),
    Column("at", BigInteger, nullable=False),
)
"""When the index took blocks back: who was told of them is told so."""
subscribers = Table(
    "subscribers",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("url", Text, nullable=False),
    Column("programme", BigInteger, nullable=True),
    Column("merchant", BigInteger, nullable=True),
    Column("salt", Raw, nullable=False),
    Column("old_salt", Raw, nullable=True),
    Column("old_until", BigInteger, nullable=False),
    Column("upto", String(48), nullable=False),
    Column("told", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("fault", Text, nullable=True),
    Column("gone", Boolean, nullable=False),
    Column("leased_by", String(40), nullable=True),
    Column("leased_until", BigInteger, nullable=False),
    Column("fingerprint", String(32), nullable=True),
)
