"""Indexes of redemptions' items that leave out what has come to its end, or has no call yet: each item moved through them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('queued', 'sent')")
_CARRIED = sa.text("call IS NOT NULL")


def upgrade() -> None:
    """Makes them anew with less in them."""
    op.drop_index("ix_operation_items_state", "operation_items")
    op.drop_index("ix_operation_items_call", "operation_items")
    for name, columns, where in (
        ("ix_operation_items_open", ["state", "sequence"], _OPEN),
        ("ix_operation_items_call", ["call"], _CARRIED),
    ):
        op.create_index(name, "operation_items", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Makes them anew with everything."""
    op.drop_index("ix_operation_items_open", "operation_items")
    op.drop_index("ix_operation_items_call", "operation_items")
    op.create_index("ix_operation_items_call", "operation_items", ["call"])
    op.create_index("ix_operation_items_state", "operation_items", ["state", "sequence"])
