"""Bookings, what they were served for, and what was released."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _place() -> tuple[sa.Column[int], sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
    )


def upgrade() -> None:
    """Creates the tables of bookings."""
    op.create_table(
        "bookings",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("lapse_at", sa.BigInteger(), nullable=False),
        *_place(),
        sa.PrimaryKeyConstraint("digest", "voucher"),
    )
    op.create_table(
        "services",
        *_place(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("bill", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index("ix_services_digest", "services", ["digest"])
    op.create_table(
        "booking_releases",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        *_place(),
        sa.PrimaryKeyConstraint("digest", "voucher"),
    )
    for name in ("bookings", "booking_releases"):
        op.create_index(f"ix_{name}_block", name, ["block"])
        op.create_index(f"ix_{name}_voucher", name, ["voucher"])
    op.create_index("ix_bookings_merchant", "bookings", ["merchant"])


def downgrade() -> None:
    """Drops them."""
    for name in ("booking_releases", "services", "bookings"):
        op.drop_table(name)
