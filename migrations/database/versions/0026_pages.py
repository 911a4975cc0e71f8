"""Reversals are found by their merchant, line and day."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_reversals_day", "reversals", ["merchant", "line", "day"])


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_reversals_day", table_name="reversals")
