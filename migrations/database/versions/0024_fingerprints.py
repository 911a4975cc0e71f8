"""Of each subscriber the fingerprint of the key that its secret is derived from. None is known of those that are there."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("subscribers", sa.Column("fingerprint", sa.String(32), nullable=True))


def downgrade() -> None:
    """Drops it."""
    op.drop_column("subscribers", "fingerprint")
