"""Tables of claims on their way. Like operations they cannot be rebuilt from the chain, and nothing but seats is ever deleted."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from node_api.storage.operation_tables import carried_columns, metadata
from node_api.storage.types import Key, Raw

claims = Table(
    "claims",
    metadata,
    Column("sequence", Key, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("owner", Text, nullable=False),
    Column("idempotency_key", String(255), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("round_key", BigInteger, nullable=False, comment="programme << 16 | number"),
    Column("holder", Raw, nullable=False),
    Column("nullifier", Raw, nullable=False),
    Column("deadline", Text, nullable=False, comment="up to 256 bits"),
    Column("signature", Raw, nullable=False),
    Column("salt", Raw, nullable=False),
    Column("proof", Raw, nullable=False, comment="32 bytes a hash"),
    Column("custodial", Integer, nullable=False),
    *carried_columns(),
    Column("received_at", BigInteger, nullable=False),
    Column("roll", BigInteger, nullable=True),
    Column("place", Integer, nullable=True),
    UniqueConstraint("owner", "idempotency_key"),
    Index("ix_claims_state", "state", "sequence"),
    Index("ix_claims_call", "call"),
)
claim_seats = Table(
    "claim_seats",
    metadata,
    Column("round_key", BigInteger, primary_key=True, autoincrement=False),
    Column("nullifier", Raw, primary_key=True),
    Column("holder", Raw, nullable=False),
    Column("claim", String(40), nullable=False),
    UniqueConstraint("round_key", "holder"),
)
"""Who has a place of a round by this node, or waits for one."""
claim_counts = Table(
    "claim_counts",
    metadata,
    Column("round_key", BigInteger, primary_key=True, autoincrement=False),
    Column("seats", BigInteger, nullable=False),
)
"""How many seats of a round there are: one row to wait for, so that two processes never give the last place twice."""
