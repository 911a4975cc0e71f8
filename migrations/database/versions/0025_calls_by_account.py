"""Calls are found by their account and state."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the index."""
    op.create_index("ix_outbox_calls_account", "outbox_calls", ["sender", "state", "nonce"])


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_outbox_calls_account", table_name="outbox_calls")
