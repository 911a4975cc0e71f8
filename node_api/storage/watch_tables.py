"""Tables of an observer's watch: where it stands, the newest blocks it saw on any branch, and what it noticed."""

from sqlalchemy import BigInteger, Column, Index, SmallInteger, String, Table, Text

from node_api.storage.operation_tables import metadata
from node_api.storage.types import Key, Raw

watch_place = Table(
    "watch_place",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", Raw, nullable=False),
)
watched_blocks = Table(
    "watched_blocks",
    metadata,
    Column("hash", Raw, primary_key=True),
    Column("number", BigInteger, nullable=False, index=True),
    Column("parent", Raw, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("signer", Raw, nullable=True),
    Column("council", Text, nullable=True, comment="JSON; of the blocks of our own chain"),
)
findings = Table(
    "findings",
    metadata,
    Column("sequence", Key, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("subject", String(42), nullable=False),
    Column("detail", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", Raw, nullable=False),
    Column("at", BigInteger, nullable=False, comment="Unix seconds, of the block"),
    Column("noticed_at", BigInteger, nullable=False, comment="Unix seconds, of the observer"),
    Index("ix_findings_kind", "kind", "sequence"),
)
