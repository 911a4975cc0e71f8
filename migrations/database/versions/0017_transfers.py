"""Vouchers passed on, places given to others, and the caps of transfers."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _steps(name: str, *columns: sa.Column[int] | sa.Column[bytes] | sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("block", "log_index"),
    )


def upgrade() -> None:
    """Creates the tables."""
    _steps(
        "transfers",
        sa.Column("voucher", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.Column("receiver", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_transfers_voucher", "transfers", ["voucher"])
    op.create_index("ix_transfers_sender", "transfers", ["sender"])
    op.create_index("ix_transfers_receiver", "transfers", ["receiver"])
    _steps(
        "place_steps",
        sa.Column("roll", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("receiver", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("ripe_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_place_steps_seat", "place_steps", ["roll", "place"])
    op.create_index("ix_place_steps_receiver", "place_steps", ["receiver"])
    _steps(
        "transfer_caps",
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("per_transfer", sa.BigInteger(), nullable=False),
        sa.Column("per_month", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_transfer_caps_programme", "transfer_caps", ["programme"])


def downgrade() -> None:
    """Drops them."""
    for name in ("transfer_caps", "place_steps", "transfers"):
        op.drop_table(name)
