"""Lists of those who may claim, rounds, claimed places."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None

_Column = sa.Column[int] | sa.Column[bytes] | sa.Column[str]


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _facts(name: str, key: str, *columns: _Column) -> None:
    op.create_table(
        name,
        sa.Column(key, _key(), autoincrement=False, nullable=False),
        *columns,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(key),
    )
    op.create_index(f"ix_{name}_block", name, ["block"])


def _steps(name: str, *columns: _Column) -> None:
    op.create_table(
        name,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("block", "log_index"),
    )


def upgrade() -> None:
    """Creates the tables of claims."""
    _index()


def _index() -> None:
    _steps(
        "root_steps",
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("ix_root_steps_programme", "root_steps", ["programme"])
    _facts(
        "claim_rounds",
        "round_key",
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("places", sa.BigInteger(), nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("batches", sa.LargeBinary(), nullable=False),
    )
    _facts(
        "claim_rolls",
        "roll",
        sa.Column("round_key", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_claim_rolls_round_key", "claim_rolls", ["round_key"])
    op.create_table(
        "claimed_places",
        sa.Column("roll", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("round_key", sa.BigInteger(), nullable=False),
        sa.Column("nullifier", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("roll", "place"),
    )
    op.create_index("ix_claimed_places_block", "claimed_places", ["block"])
    op.create_index("ix_claimed_places_nullifier", "claimed_places", ["round_key", "nullifier"])
    _steps(
        "claim_refusals",
        sa.Column("round_key", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_claim_refusals_round_key", "claim_refusals", ["round_key"])
    _facts(
        "round_closings",
        "round_key",
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """Drops them."""
    for name in ("round_closings", "claim_refusals", "claimed_places", "claim_rolls", "claim_rounds", "root_steps"):
        op.drop_table(name)
