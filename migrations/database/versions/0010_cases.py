"""Reversals, disputes and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _facts(name: str, *columns: sa.Column[int] | sa.Column[bytes] | sa.Column[bool] | sa.Constraint) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
    )
    op.create_index(f"ix_{name}_block", name, ["block"])


def upgrade() -> None:
    """Creates the tables of cases."""
    _facts(
        "reversals",
        sa.Column("number", _key(), autoincrement=False, nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_reversals_voucher", "reversals", ["voucher"])
    op.create_index("ix_reversals_line", "reversals", ["line"])
    _facts(
        "disputes",
        sa.Column("dispute", _key(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("decide_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("dispute"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_disputes_voucher", "disputes", ["voucher"])
    _facts(
        "dispute_decisions",
        sa.Column("dispute", _key(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("dispute"),
    )
    op.create_table(
        "case_requests",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "idempotency_key"),
    )


def downgrade() -> None:
    """Drops them."""
    for name in ("case_requests", "dispute_decisions", "disputes", "reversals"):
        op.drop_table(name)
