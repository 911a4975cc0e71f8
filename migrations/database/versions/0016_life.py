"""What programmes are published with, validity policies and exceptions from them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _facts(name: str, *columns: sa.Column[int] | sa.Column[bytes] | sa.Constraint) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
    )
    op.create_index(f"ix_{name}_block", name, ["block"])


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
        "publications",
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("notice_seconds", sa.BigInteger(), nullable=False),
        sa.Column("how_to_use_hash", sa.LargeBinary(), nullable=False),
        sa.Column("how_to_use_uri", sa.Text(), nullable=False),
        sa.Column("conditions_hash", sa.LargeBinary(), nullable=False),
        sa.Column("conditions_uri", sa.Text(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_publications_programme", "publications", ["programme"])
    _facts(
        "announcements",
        sa.Column("programme", _key(), autoincrement=False, nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("programme"),
    )
    _facts(
        "policies",
        sa.Column("policy", _key(), autoincrement=False, nullable=False),
        sa.Column("faces", sa.LargeBinary(), nullable=False),
        sa.Column("difficulties", sa.LargeBinary(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("policy"),
    )
    _steps(
        "policy_steps",
        sa.Column("policy", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_policy_steps_policy", "policy_steps", ["policy"])
    _steps(
        "exception_steps",
        sa.Column("exception", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("claim_days", sa.Integer(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_exception_steps_exception", "exception_steps", ["exception"])


def downgrade() -> None:
    """Drops them."""
    for name in ("exception_steps", "policy_steps", "policies", "announcements", "publications"):
        op.drop_table(name)
