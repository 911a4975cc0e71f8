"""Versions of rules: their steps, and what they widen."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The first version of rules goes with its programme.
_FIRST_VERSIONS = """
    INSERT INTO rules_steps (block, log_index, tx_index, programme, version, name, actor, ripe_at, reason)
    SELECT block, log_index, tx_index, programme, 1, CASE name WHEN 'proposed' THEN 'proposed' ELSE 'activated' END, actor, 0, ''
    FROM programme_steps WHERE name IN ('proposed', 'published')
"""


def upgrade() -> None:
    """Creates both tables, and enters what is known of first versions."""
    op.create_table(
        "rules_steps",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("ripe_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index("ix_rules_steps_programme", "rules_steps", ["programme"])
    op.create_table(
        "rules_widenings",
        sa.Column("programme", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("categories", sa.BigInteger(), nullable=False),
        sa.Column("regions", sa.LargeBinary(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "version"),
    )
    op.create_index("ix_rules_widenings_block", "rules_widenings", ["block"])
    op.execute(_FIRST_VERSIONS)


def downgrade() -> None:
    """Drops them."""
    op.drop_table("rules_widenings")
    op.drop_table("rules_steps")
