"""Subscribers to events, and when the index took blocks back."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "index_rewinds",
        sa.Column("number", _key(), autoincrement=True, nullable=False),
        sa.Column("to_block", sa.BigInteger(), nullable=False, comment="newest block that was kept"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "subscribers",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=True),
        sa.Column("merchant", sa.BigInteger(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("old_salt", sa.LargeBinary(), nullable=True),
        sa.Column("old_until", sa.BigInteger(), nullable=False),
        sa.Column("upto", sa.String(48), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("leased_by", sa.String(40), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Drops them."""
    for name in ("subscribers", "index_rewinds"):
        op.drop_table(name)
