"""The index: facts of the chain and their roll-ups."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "batch_totals",
    "batches",
    "blocks",
    "budget_lines",
    "budgets",
    "category_names",
    "chain_refusals",
    "checkpoint",
    "commitments",
    "deposits",
    "issues",
    "line_totals",
    "merchant_accounts",
    "merchant_days",
    "merchant_steps",
    "merchants",
    "payments",
    "programme_steps",
    "programmes",
    "redemptions",
    "relayer_steps",
    "rests",
    "role_steps",
    "roll_places",
    "rolls",
    "rules",
    "settlement_releases",
    "settlement_runs",
    "sweeps",
    "tokens",
    "transactions",
)


def upgrade() -> None:
    """Creates the tables of the index."""
    op.create_table(
        "batch_totals",
        sa.Column("batch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("swept", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_table(
        "batches",
        sa.Column("batch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("rules_version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("face", sa.BigInteger(), nullable=False),
        sa.Column("minimum_spend", sa.BigInteger(), nullable=False),
        sa.Column("percentage", sa.Integer(), nullable=False),
        sa.Column("categories", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.BigInteger(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("claim_days", sa.Integer(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_index(op.f("ix_batches_block"), "batches", ["block"], unique=False)
    op.create_index(op.f("ix_batches_line"), "batches", ["line"], unique=False)
    op.create_index(op.f("ix_batches_programme"), "batches", ["programme"], unique=False)
    op.create_index(op.f("ix_batches_ref"), "batches", ["ref"], unique=False)
    op.create_table(
        "blocks",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("parent", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "budget_lines",
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("funder", sa.LargeBinary(), nullable=False),
        sa.Column("funding_region", sa.BigInteger(), nullable=False),
        sa.Column("beneficiary_group", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("line"),
    )
    op.create_index(op.f("ix_budget_lines_block"), "budget_lines", ["block"], unique=False)
    op.create_index(op.f("ix_budget_lines_programme"), "budget_lines", ["programme"], unique=False)
    op.create_table(
        "budgets",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_budgets_line"), "budgets", ["line"], unique=False)
    op.create_table(
        "category_names",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_table(
        "chain_refusals",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=True),
        sa.Column("merchant", sa.BigInteger(), nullable=True),
        sa.Column("odd", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("group_index", sa.BigInteger(), nullable=True),
        sa.Column("item_index", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_chain_refusals_merchant"), "chain_refusals", ["merchant"], unique=False)
    op.create_index(op.f("ix_chain_refusals_voucher"), "chain_refusals", ["voucher"], unique=False)
    op.create_table(
        "checkpoint",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "commitments",
        sa.Column(
            "first_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("first_number"),
    )
    op.create_index(op.f("ix_commitments_block"), "commitments", ["block"], unique=False)
    op.create_table(
        "deposits",
        sa.Column("slip", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("depositor", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slip"),
    )
    op.create_index(op.f("ix_deposits_block"), "deposits", ["block"], unique=False)
    op.create_index(op.f("ix_deposits_line"), "deposits", ["line"], unique=False)
    op.create_table(
        "issues",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("roll", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "roll"),
    )
    op.create_index(op.f("ix_issues_block"), "issues", ["block"], unique=False)
    op.create_index("ix_issues_roll", "issues", ["roll", "batch"], unique=False)
    op.create_table(
        "line_totals",
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("deposited", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("issued_count", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_count", sa.BigInteger(), nullable=False),
        sa.Column("swept", sa.BigInteger(), nullable=False),
        sa.Column("swept_count", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("settled_count", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("line"),
    )
    op.create_table(
        "merchant_accounts",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_merchant_accounts_account"), "merchant_accounts", ["account"], unique=False)
    op.create_index(op.f("ix_merchant_accounts_merchant"), "merchant_accounts", ["merchant"], unique=False)
    op.create_table(
        "merchant_days",
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("redeemed", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("settled_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant", "line", "day"),
    )
    op.create_index("ix_merchant_days_line", "merchant_days", ["line"], unique=False)
    op.create_table(
        "merchant_steps",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_merchant_steps_merchant"), "merchant_steps", ["merchant"], unique=False)
    op.create_table(
        "merchants",
        sa.Column(
            "merchant", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("categories", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.BigInteger(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("payout", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant"),
    )
    op.create_index(op.f("ix_merchants_block"), "merchants", ["block"], unique=False)
    op.create_index(op.f("ix_merchants_ref"), "merchants", ["ref"], unique=False)
    op.create_table(
        "payments",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index("ix_payments_line_day", "payments", ["line", "merchant", "day"], unique=False)
    op.create_index(op.f("ix_payments_merchant"), "payments", ["merchant"], unique=False)
    op.create_table(
        "programme_steps",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("approvals", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_programme_steps_programme"), "programme_steps", ["programme"], unique=False)
    op.create_table(
        "programmes",
        sa.Column(
            "programme", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("utc_offset", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("categories", sa.BigInteger(), nullable=False),
        sa.Column("region", sa.BigInteger(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("approvals_needed", sa.Integer(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("drafted_by", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme"),
    )
    op.create_index(op.f("ix_programmes_block"), "programmes", ["block"], unique=False)
    op.create_index(op.f("ix_programmes_ref"), "programmes", ["ref"], unique=False)
    op.create_table(
        "redemptions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=False),
        sa.Column("merchant", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("rules_version", sa.BigInteger(), nullable=False),
        sa.Column("terminal", sa.LargeBinary(), nullable=True),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_redemptions_block"), "redemptions", ["block"], unique=False)
    op.create_index("ix_redemptions_line", "redemptions", ["line"], unique=False)
    op.create_index("ix_redemptions_merchant_day", "redemptions", ["merchant", "day"], unique=False)
    op.create_index(op.f("ix_redemptions_voucher"), "redemptions", ["voucher"], unique=False)
    op.create_table(
        "relayer_steps",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_table(
        "rests",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("funder", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_rests_line"), "rests", ["line"], unique=False)
    op.create_table(
        "role_steps",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("role", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("block", "log_index"),
    )
    op.create_index(op.f("ix_role_steps_account"), "role_steps", ["account"], unique=False)
    op.create_table(
        "roll_places",
        sa.Column("roll", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("roll", "place"),
    )
    op.create_index(op.f("ix_roll_places_block"), "roll_places", ["block"], unique=False)
    op.create_index(op.f("ix_roll_places_holder"), "roll_places", ["holder"], unique=False)
    op.create_table(
        "rolls",
        sa.Column("roll", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("programme", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("pointer", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("roll"),
    )
    op.create_index(op.f("ix_rolls_block"), "rolls", ["block"], unique=False)
    op.create_index(op.f("ix_rolls_programme"), "rolls", ["programme"], unique=False)
    op.create_index(op.f("ix_rolls_ref"), "rolls", ["ref"], unique=False)
    op.create_table(
        "rules",
        sa.Column(
            "programme", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("max_deadline", sa.BigInteger(), nullable=False),
        sa.Column("reversal_window", sa.BigInteger(), nullable=False),
        sa.Column("dispute_window", sa.BigInteger(), nullable=False),
        sa.Column("step_up_threshold", sa.BigInteger(), nullable=False),
        sa.Column("merchant_daily_limit", sa.BigInteger(), nullable=False),
        sa.Column("redemption_amount", sa.BigInteger(), nullable=False),
        sa.Column("redemption_count", sa.BigInteger(), nullable=False),
        sa.Column("day_amount", sa.BigInteger(), nullable=False),
        sa.Column("day_count", sa.BigInteger(), nullable=False),
        sa.Column("month_amount", sa.BigInteger(), nullable=False),
        sa.Column("month_count", sa.BigInteger(), nullable=False),
        sa.Column("open_seconds", sa.BigInteger(), nullable=False),
        sa.Column("open_max_bill", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme", "version"),
    )
    op.create_index(op.f("ix_rules_block"), "rules", ["block"], unique=False)
    op.create_table(
        "settlement_releases",
        sa.Column("run", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index(op.f("ix_settlement_releases_block"), "settlement_releases", ["block"], unique=False)
    op.create_table(
        "settlement_runs",
        sa.Column("run", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index(op.f("ix_settlement_runs_block"), "settlement_runs", ["block"], unique=False)
    op.create_table(
        "sweeps",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("roll", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "roll"),
    )
    op.create_index(op.f("ix_sweeps_block"), "sweeps", ["block"], unique=False)
    op.create_index(op.f("ix_sweeps_line"), "sweeps", ["line"], unique=False)
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
    op.create_table(
        "transactions",
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("tx_index", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sender", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("block", "tx_index"),
    )
    op.create_index(op.f("ix_transactions_hash"), "transactions", ["hash"], unique=False)


def downgrade() -> None:
    """Drops them."""
    for table in _TABLES:
        op.drop_table(table)
