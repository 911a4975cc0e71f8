"""An index of what was served by merchant and receipt: whoever redeems against a receipt asks whether it was captured against."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes it."""
    op.create_index("ix_services_receipt", "services", ["merchant", "receipt"])


def downgrade() -> None:
    """Drops it."""
    op.drop_index("ix_services_receipt", "services")
