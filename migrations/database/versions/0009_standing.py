"""Freezes, revocations, and the emergency lane; what was revoked stands in the sums of a line."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0004"
branch_labels = None
depends_on = None


def _place() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
    )


def upgrade() -> None:
    """Creates the tables; no line had anything revoked before."""
    op.create_table(
        "freeze_steps",
        *_place(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("appeal", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index("ix_freeze_steps_number", "freeze_steps", ["number"])
    op.create_table(
        "revocations",
        sa.Column("voucher", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_place(),
        sa.PrimaryKeyConstraint("voucher"),
    )
    op.create_index("ix_revocations_block", "revocations", ["block"])
    op.create_index("ix_revocations_line", "revocations", ["line"])
    op.create_table(
        "emergency_steps",
        *_place(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("old_until", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    with op.batch_alter_table("line_totals") as table:
        table.add_column(sa.Column("revoked", sa.BigInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("revoked_count", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drops them."""
    with op.batch_alter_table("line_totals") as table:
        table.drop_column("revoked_count")
        table.drop_column("revoked")
    op.drop_table("emergency_steps")
    op.drop_table("revocations")
    op.drop_table("freeze_steps")
