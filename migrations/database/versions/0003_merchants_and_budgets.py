"""Settlement runs entry by entry, moves of budget, what becomes of merchants, tokens that leave the list."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = (
    "settlement_entries",
    "skipped_payouts",
    "budget_moves",
    "withdrawn_moves",
    "moved_budgets",
    "moved_money",
    "merchant_terms",
    "payout_steps",
    "terminal_limits",
)


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False)


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _raw(*names: str) -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _steps(name: str, *columns: sa.Column[int] | sa.Column[bytes] | sa.Column[str] | sa.Column[bool]) -> None:
    op.create_table(
        name,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("block", "log_index"),
    )


def _facts(name: str, key: str, *columns: sa.Column[int] | sa.Column[bytes] | sa.Column[str]) -> None:
    op.create_table(
        name,
        _key(key),
        *columns,
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(key),
    )
    op.create_index(op.f(f"ix_{name}_block"), name, ["block"], unique=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(16), nullable=False)


def upgrade() -> None:
    """Adds the tables; the list of tokens becomes the steps it came about by."""
    _steps("token_steps", *_raw("token"), sa.Column("allowed", sa.Boolean(), nullable=False), *_raw("actor"))
    op.execute(
        "INSERT INTO token_steps (block, log_index, tx_index, token, allowed, actor)"
        " SELECT block, log_index, tx_index, token, true, actor FROM tokens"
    )
    op.drop_table("tokens")
    _steps("settlement_entries", *_big("run", "line", "merchant", "day", "amount"))
    _steps("skipped_payouts", *_big("line", "merchant", "run", "day"), *_raw("reason"))
    _facts("budget_moves", "move", *_big("from_line", "to_line", "amount"), *_raw("actor"), _text("reason"))
    _facts("withdrawn_moves", "move", *_raw("actor"), _text("reason"))
    _steps("moved_budgets", *_big("from_line", "to_line", "amount"), *_raw("proposer", "approver"))
    _facts("moved_money", "move", *_big("from_line", "to_line", "amount"))
    channels = sa.Column("channels", sa.Integer(), nullable=False)
    _steps(
        "merchant_terms",
        *_big("merchant"),
        _word("name"),
        *_big("categories", "region"),
        channels,
        *_raw("payout", "actor"),
    )
    _steps(
        "payout_steps", *_big("merchant"), _word("name"), *_raw("account", "actor"), *_big("ripe_at"), _text("reason")
    )
    _steps("terminal_limits", *_big("merchant"), *_raw("terminal"), *_big("daily_limit"), *_raw("actor"))
    for table, column in (
        ("settlement_entries", "run"),
        ("settlement_entries", "merchant"),
        ("skipped_payouts", "run"),
        ("payments", "run"),
        ("merchant_terms", "merchant"),
        ("payout_steps", "merchant"),
        ("terminal_limits", "merchant"),
        ("terminal_limits", "terminal"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def downgrade() -> None:
    """Drops them; the list of tokens is what their steps left on it."""
    op.create_table(
        "tokens",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index(op.f("ix_tokens_block"), "tokens", ["block"], unique=False)
    op.execute(
        "INSERT INTO tokens (token, actor, block, tx_index, log_index)"
        " SELECT token, actor, block, tx_index, log_index FROM token_steps AS one WHERE allowed AND NOT EXISTS ("
        "  SELECT 1 FROM token_steps AS later WHERE later.token = one.token"
        "  AND (later.block > one.block OR later.block = one.block AND later.log_index > one.log_index))"
    )
    op.drop_table("token_steps")
    op.drop_index(op.f("ix_payments_run"), "payments")
    for table in _TABLES:
        op.drop_table(table)
