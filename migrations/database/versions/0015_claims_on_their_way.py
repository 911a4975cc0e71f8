"""Claims between being handed in and being decided."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "claims",
        sa.Column("sequence", _key(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("round_key", sa.BigInteger(), nullable=False, comment="programme << 16 | number"),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("nullifier", sa.LargeBinary(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=False, comment="up to 256 bits"),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False, comment="32 bytes a hash"),
        sa.Column("custodial", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("judged_block", sa.BigInteger(), nullable=False),
        sa.Column("judged_hash", sa.LargeBinary(), nullable=False),
        sa.Column("judged_time", sa.BigInteger(), nullable=False, comment="Unix seconds"),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("call", sa.LargeBinary(), nullable=True),
        sa.Column("call_item", sa.Integer(), nullable=True),
        sa.Column("roll", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(64), nullable=True),
        sa.Column("reason_value", sa.Text(), nullable=True),
        sa.Column("reason_on_chain", sa.Integer(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("owner", "idempotency_key"),
    )
    op.create_index("ix_claims_state", "claims", ["state", "sequence"])
    op.create_index("ix_claims_call", "claims", ["call"])
    op.create_table(
        "claim_seats",
        sa.Column("round_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("nullifier", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("claim", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("round_key", "nullifier"),
        sa.UniqueConstraint("round_key", "holder"),
    )
    op.create_table(
        "claim_counts",
        sa.Column("round_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seats", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("round_key"),
    )


def downgrade() -> None:
    """Drops them."""
    for name in ("claim_counts", "claim_seats", "claims"):
        op.drop_table(name)
