"""The node's own work: operations, the outbox, claims on receipts, the refusal log, API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "api_keys",
    "operation_items",
    "operation_states",
    "operations",
    "outbox_calls",
    "receipt_claims",
    "refusal_log",
)


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables of the node's own work."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), comment="Unix seconds", nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), comment="Unix seconds", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "operation_items",
        sa.Column("sequence", _key(), autoincrement=True, nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=True),
        sa.Column("programme", sa.BigInteger(), nullable=True),
        sa.Column("holder", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("judged_block", sa.BigInteger(), nullable=False),
        sa.Column("judged_hash", sa.LargeBinary(), nullable=False),
        sa.Column("judged_time", sa.BigInteger(), comment="Unix seconds", nullable=False),
        sa.Column("terminal", sa.LargeBinary(), nullable=True),
        sa.Column("terminal_signature", sa.LargeBinary(), nullable=True),
        sa.Column("call", sa.LargeBinary(), nullable=True),
        sa.Column("call_group", sa.Integer(), nullable=True),
        sa.Column("call_item", sa.Integer(), nullable=True),
        sa.Column("spent", sa.Text(), nullable=True),
        sa.Column("reason", sa.String(64), nullable=True),
        sa.Column("reason_value", sa.Text(), nullable=True),
        sa.Column("reason_voucher", sa.BigInteger(), nullable=True),
        sa.Column("reason_on_chain", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("operation", "position"),
    )
    op.create_index("ix_operation_items_call", "operation_items", ["call"])
    op.create_index("ix_operation_items_state", "operation_items", ["state", "sequence"])
    op.create_table(
        "operation_states",
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation", "step"),
    )
    op.create_table(
        "operations",
        sa.Column("sequence", _key(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("owner", "idempotency_key"),
        sa.UniqueConstraint("id"),
    )
    op.create_table(
        "outbox_calls",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.LargeBinary(), nullable=True),
        sa.Column("block_time", sa.BigInteger(), comment="Unix seconds", nullable=True),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_outbox_calls_nonce", "outbox_calls", ["nonce"])
    op.create_index("ix_outbox_calls_state", "outbox_calls", ["state"])
    op.create_table(
        "receipt_claims",
        sa.Column("programme", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("merchant", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "merchant", "receipt"),
    )
    op.create_table(
        "refusal_log",
        sa.Column("number", _key(), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=True),
        sa.Column("voucher", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_refusal_log_merchant", "refusal_log", ["merchant"])
    op.create_index("ix_refusal_log_voucher", "refusal_log", ["voucher"])


def downgrade() -> None:
    """Drops them."""
    for table in _TABLES:
        op.drop_table(table)
