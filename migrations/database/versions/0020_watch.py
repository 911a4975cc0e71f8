"""What an observer's watch saw and noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "watch_place",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "watched_blocks",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("signer", sa.LargeBinary(), nullable=True),
        sa.Column("council", sa.Text(), nullable=True, comment="JSON; of the blocks of our own chain"),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("ix_watched_blocks_number", "watched_blocks", ["number"])
    op.create_table(
        "findings",
        sa.Column("sequence", _key(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(42), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="Unix seconds, of the block"),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False, comment="Unix seconds, of the observer"),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("ix_findings_kind", "findings", ["kind", "sequence"])


def downgrade() -> None:
    """Drops them."""
    for name in ("findings", "watched_blocks", "watch_place"):
        op.drop_table(name)
