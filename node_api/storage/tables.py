"""The index's tables. Each fact of the chain stands in one row of one table; only the roll-ups at the end repeat anything.

Every table of facts has the columns `block`, `tx_index`, `log_index`: the log it comes from. Rows are only ever added,
and taken away again with their block; what changes (a programme's state, a merchant's status, an account's owner) is the
newest row as of a block. Columns carry the names of the events in `node_api/domain/events.py`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, SmallInteger, String, Table, Text

from node_api.storage.types import Key, Mask, Money, Raw

metadata = MetaData()


def _facts(name: str, *columns: Column[int] | Column[str] | Column[bytes] | Column[bool] | Index) -> Table:
    place = (
        Column("block", BigInteger, nullable=False, index=True),
        Column("tx_index", Integer, nullable=False),
        Column("log_index", Integer, nullable=False),
    )
    return Table(name, metadata, *columns, *place)


def _steps(name: str, *columns: Column[int] | Column[str] | Column[bytes] | Column[bool] | Index) -> Table:
    """Facts without a key of their own: their log is the key."""
    place = (
        Column("block", BigInteger, primary_key=True),
        Column("log_index", Integer, primary_key=True),
        Column("tx_index", Integer, nullable=False),
    )
    return Table(name, metadata, *place, *columns)


def _id(name: str) -> Column[int]:
    return Column(name, Key, primary_key=True, autoincrement=False)


def _int(name: str, *, index: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=False, index=index)


def _small(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _money(name: str) -> Column[int]:
    return Column(name, Money, nullable=False)


def _raw(name: str, *, index: bool = False, nullable: bool = False) -> Column[bytes]:
    return Column(name, Raw, nullable=nullable, index=index)


def _ref() -> Column[str]:
    return Column("ref", Text, nullable=False, index=True)


def _mask(name: str) -> Column[int]:
    return Column(name, Mask, nullable=False)


# --- the chain itself ---

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("identity", Text, nullable=False),
    _int("number"),
    _raw("hash"),
)
blocks = Table(
    "blocks",
    metadata,
    _id("number"),
    _raw("hash"),
    _raw("parent"),
    _int("timestamp"),
)
transactions = Table(
    "transactions",
    metadata,
    Column("block", BigInteger, primary_key=True),
    Column("tx_index", Integer, primary_key=True),
    _raw("hash", index=True),
    _raw("sender"),
)

# --- programmes ---

programmes = _facts(
    "programmes",
    _id("programme"),
    _ref(),
    Column("name", Text, nullable=False),
    _raw("token"),
    _small("utc_offset"),
    _int("starts_at"),
    _int("ends_at"),
    _mask("categories"),
    _int("region"),
    _small("channels"),
    _small("approvals_needed"),
    _raw("document"),
    _raw("drafted_by"),
)
rules = _facts(
    "rules",
    _id("programme"),
    _id("version"),
    _int("max_deadline"),
    _int("reversal_window"),
    _int("dispute_window"),
    _mask("step_up_threshold"),
    _mask("merchant_daily_limit"),
    _money("redemption_amount"),
    _int("redemption_count"),
    _money("day_amount"),
    _int("day_count"),
    _money("month_amount"),
    _int("month_count"),
    _int("open_seconds"),
    _money("open_max_bill"),
    _small("flags"),
)
rules_steps = _steps(
    "rules_steps",
    _int("programme", index=True),
    _int("version"),
    Column("name", String(16), nullable=False),
    _raw("actor"),
    _int("ripe_at"),
    Column("reason", Text, nullable=False),
)
rules_widenings = _facts(
    "rules_widenings", _id("programme"), _id("version"), _mask("categories"), _raw("regions"), _small("channels")
)
budget_lines = _facts(
    "budget_lines",
    _id("line"),
    _int("programme", index=True),
    _raw("funder"),
    _int("funding_region"),
    Column("beneficiary_group", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    _money("amount"),
)
programme_steps = _steps(
    "programme_steps",
    _int("programme", index=True),
    Column("name", String(16), nullable=False),
    _raw("actor"),
    _small("approvals"),
    Column("reason", Text, nullable=False),
)
publications = _steps(
    "publications",
    _int("programme", index=True),
    _int("notice_seconds"),
    _raw("how_to_use_hash"),
    Column("how_to_use_uri", Text, nullable=False),
    _raw("conditions_hash"),
    Column("conditions_uri", Text, nullable=False),
    _raw("actor"),
)
announcements = _facts(
    "announcements", _id("programme"), _int("starts_at"), _int("ends_at"), _mask("quota"), _int("earliest")
)

# --- how long vouchers must and may be valid ---

policies = _facts("policies", _id("policy"), _raw("faces"), _raw("difficulties"), _raw("rows"))
policy_steps = _steps(
    "policy_steps",
    _int("policy", index=True),
    Column("name", String(16), nullable=False),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)
exception_steps = _steps(
    "exception_steps",
    _raw("exception", index=True),
    Column("name", String(16), nullable=False),
    Column("ref", Text, nullable=False),
    _int("programme"),
    _int("valid_from"),
    _int("valid_until"),
    _small("claim_days"),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)

# --- money ---

budgets = _steps("budgets", _int("line", index=True), _money("amount"))
token_steps = _steps("token_steps", _raw("token"), Column("allowed", Boolean, nullable=False), _raw("actor"))
deposits = _facts(
    "deposits", Column("slip", Raw, primary_key=True), _int("line", index=True), _raw("depositor"), _money("amount")
)
settlement_runs = _facts("settlement_runs", _id("run"), _raw("actor"), _int("entries"), _raw("hash"))
settlement_releases = _facts("settlement_releases", _id("run"), _raw("actor"), _money("amount"))
settlement_entries = _steps(
    "settlement_entries",
    _int("run", index=True),
    _int("line"),
    _int("merchant", index=True),
    _int("day"),
    Column("amount", Mask, nullable=False),
)
skipped_payouts = _steps(
    "skipped_payouts", _int("line"), _int("merchant"), _int("run", index=True), _int("day"), _raw("reason")
)
payments = _steps(
    "payments",
    _int("line"),
    _int("merchant", index=True),
    _int("day"),
    _int("run"),
    _money("amount"),
    _raw("account"),
    Index("ix_payments_line_day", "line", "merchant", "day"),
    Index("ix_payments_run", "run"),
)
budget_moves = _facts(
    "budget_moves",
    _id("move"),
    _int("from_line"),
    _int("to_line"),
    _money("amount"),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)
withdrawn_moves = _facts("withdrawn_moves", _id("move"), _raw("actor"), Column("reason", Text, nullable=False))
moved_budgets = _steps(
    "moved_budgets", _int("from_line"), _int("to_line"), _money("amount"), _raw("proposer"), _raw("approver")
)
moved_money = _facts("moved_money", _id("move"), _int("from_line"), _int("to_line"), _money("amount"))
rests = _steps("rests", _int("line", index=True), _raw("funder"), _money("amount"))

# --- merchants ---

merchants = _facts(
    "merchants", _id("merchant"), _ref(), _mask("categories"), _int("region"), _small("channels"), _raw("payout")
)
merchant_steps = _steps(
    "merchant_steps",
    _int("merchant", index=True),
    Column("name", String(16), nullable=False),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)
merchant_accounts = _steps(
    "merchant_accounts",
    _raw("account", index=True),
    Column("kind", String(8), nullable=False),
    _int("merchant", index=True),
    Column("added", Boolean, nullable=False),
    _raw("actor"),
)
merchant_terms = _steps(
    "merchant_terms",
    _int("merchant", index=True),
    Column("name", String(16), nullable=False),
    _mask("categories"),
    _int("region"),
    _small("channels"),
    _raw("payout"),
    _raw("actor"),
)
payout_steps = _steps(
    "payout_steps",
    _int("merchant", index=True),
    Column("name", String(16), nullable=False),
    _raw("account"),
    _raw("actor"),
    _int("ripe_at"),
    Column("reason", Text, nullable=False),
)
terminal_limits = _steps(
    "terminal_limits", _int("merchant", index=True), _raw("terminal", index=True), _mask("daily_limit"), _raw("actor")
)
category_names = _steps("category_names", _small("category"), Column("name", Text, nullable=False), _raw("actor"))

# --- supply ---

batches = _facts(
    "batches",
    _id("batch"),
    _ref(),
    _int("programme", index=True),
    _int("line", index=True),
    _int("rules_version"),
    _small("kind"),
    _money("face"),
    _money("minimum_spend"),
    _small("percentage"),
    _mask("categories"),
    _int("region"),
    _small("channels"),
    _int("valid_from"),
    _int("valid_until"),
    _small("claim_days"),
    _int("quota"),
)
rolls = _facts(
    "rolls", _id("roll"), _ref(), _int("programme", index=True), _small("places"), _small("flags"), _raw("pointer")
)
roll_places = Table(
    "roll_places",
    metadata,
    Column("roll", BigInteger, primary_key=True),
    Column("place", Integer, primary_key=True),
    _raw("holder", index=True),
    _int("block", index=True),
)
issues = _facts(
    "issues",
    Column("batch", BigInteger, primary_key=True),
    Column("roll", BigInteger, primary_key=True),
    _int("count"),
    _money("amount"),
    Index("ix_issues_roll", "roll", "batch"),
)

# --- redemptions ---

redemptions = _facts(
    "redemptions",
    _id("number"),
    _int("voucher", index=True),
    _int("merchant"),
    _int("line"),
    _int("day"),
    _raw("receipt"),
    _raw("digest"),
    _money("amount"),
    _int("rules_version"),
    _raw("terminal", nullable=True),
    Index("ix_redemptions_merchant_day", "merchant", "day"),
    Index("ix_redemptions_line", "line"),
)
consents = _steps("consents", _raw("digest", index=True), _raw("attestor"))
commitments = _facts("commitments", _id("first_number"), _int("count"), _raw("commitment"))
chain_refusals = _steps(
    "chain_refusals",
    Column("voucher", BigInteger, nullable=True, index=True),
    Column("merchant", BigInteger, nullable=True, index=True),
    _raw("odd", nullable=True),
    _raw("digest", nullable=True),
    Column("group_index", BigInteger, nullable=True),
    Column("item_index", BigInteger, nullable=True),
    _raw("reason"),
)
sweeps = _facts(
    "sweeps",
    Column("batch", BigInteger, primary_key=True),
    Column("roll", BigInteger, primary_key=True),
    _int("line", index=True),
    _int("count"),
    _money("amount"),
    _raw("actor"),
)

# --- what stands over them: freezes, revocations, the emergency lane ---

freeze_steps = _steps(
    "freeze_steps",
    Column("kind", String(16), nullable=False),
    _small("subject"),
    _int("number", index=True),
    _raw("holder"),
    _int("until"),
    _raw("actor"),
    _raw("appeal"),
    Column("reason", Text, nullable=False),
)
revocations = _facts(
    "revocations",
    _id("voucher"),
    _int("line", index=True),
    _money("amount"),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)
emergency_steps = _steps(
    "emergency_steps",
    Column("kind", String(16), nullable=False),
    _int("programme"),
    _int("batch"),
    _small("channels"),
    _int("old_until"),
    _int("until"),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)

# --- bookings: a capture is a redemption with the booking's digest ---

bookings = _facts(
    "bookings",
    Column("digest", Raw, primary_key=True),
    Column("voucher", BigInteger, primary_key=True),
    _int("merchant", index=True),
    _int("line"),
    _raw("service"),
    _money("amount"),
    _int("lapse_at"),
    Index("ix_bookings_voucher", "voucher"),
)
services = _steps(
    "services",
    _raw("digest", index=True),
    _int("merchant"),
    _raw("receipt"),
    _raw("bill"),
    _raw("actor"),
    Index("ix_services_receipt", "merchant", "receipt"),
)
booking_releases = _facts(
    "booking_releases",
    Column("digest", Raw, primary_key=True),
    Column("voucher", BigInteger, primary_key=True),
    _int("merchant"),
    _int("line"),
    _money("amount"),
    _raw("actor"),
    Column("swept", Boolean, nullable=False),  # whether its pair was swept before
    Index("ix_booking_releases_voucher", "voucher"),
)

# --- cases: what is said of a redemption, by its number ---

reversals = _facts(
    "reversals",
    _id("number"),
    _int("voucher", index=True),
    _int("merchant"),
    _int("line", index=True),
    _int("day"),  # whose money was taken: the redemption's own, or a later one
    _raw("digest"),
    _money("amount"),
    _raw("actor"),
    _raw("reason"),
    Column("live", Boolean, nullable=False),
    Column("swept", Boolean, nullable=False),  # whether its pair was swept before
    Index("ix_reversals_day", "merchant", "line", "day"),
)
disputes = _facts(
    "disputes",
    _id("dispute"),
    Column("number", BigInteger, nullable=False, unique=True),
    _int("voucher", index=True),
    _raw("digest"),
    _raw("actor"),
    _raw("reason"),
    _int("decide_by"),
)
dispute_decisions = _facts(
    "dispute_decisions", _id("dispute"), _raw("actor"), Column("stands", Boolean, nullable=False), _raw("reason")
)

# --- claims ---

root_steps = _steps(
    "root_steps",
    _int("programme", index=True),
    _raw("root"),
    Column("kind", String(16), nullable=False),
    _raw("actor"),
    Column("reason", Text, nullable=False),
)
claim_rounds = _facts(
    "claim_rounds",
    _id("round_key"),
    _raw("actor"),
    _int("places"),
    _int("opens_at"),
    _int("closes_at"),
    _raw("root"),
    _raw("batches"),
)
claim_rolls = _facts("claim_rolls", _id("roll"), _int("round_key", index=True), _int("places"))
claimed_places = Table(
    "claimed_places",
    metadata,
    Column("roll", BigInteger, primary_key=True),
    Column("place", Integer, primary_key=True),
    _int("round_key"),
    _raw("nullifier"),
    Column("block", BigInteger, nullable=False, index=True),
    Index("ix_claimed_places_nullifier", "round_key", "nullifier"),
)
claim_refusals = _steps(
    "claim_refusals", _int("round_key", index=True), _small("position"), _raw("digest"), _raw("reason")
)
round_closings = _facts("round_closings", _id("round_key"), _raw("actor"), _int("given"))

# --- holders that differ from the roll's ---

transfers = _steps("transfers", _int("voucher", index=True), _raw("sender", index=True), _raw("receiver", index=True))
place_steps = _steps(
    "place_steps",
    _int("roll"),
    _small("place"),
    Column("name", String(16), nullable=False),
    _raw("receiver", index=True),
    _raw("actor"),
    _int("ripe_at"),
    Column("reason", Text, nullable=False),
    Index("ix_place_steps_seat", "roll", "place"),
)
transfer_caps = _steps(
    "transfer_caps",
    _int("programme", index=True),
    _int("version"),
    _raw("actor"),
    _mask("per_transfer"),
    _mask("per_month"),
)

# --- roles ---

role_steps = _steps(
    "role_steps", _mask("role"), _raw("account", index=True), Column("granted", Boolean, nullable=False), _int("since")
)
relayer_steps = _steps("relayer_steps", _raw("account"), Column("allowed", Boolean, nullable=False))

# --- roll-ups: the only rows that are ever changed; computed anew from the facts after a rewind ---

line_totals = Table(
    "line_totals",
    metadata,
    _id("line"),
    _money("deposited"),
    _money("issued"),
    _int("issued_count"),
    _money("redeemed"),
    _int("redeemed_count"),
    _money("swept"),
    _int("swept_count"),
    _money("revoked"),
    _int("revoked_count"),
    _money("settled"),
    _int("settled_count"),
    _money("returned"),
)
merchant_days = Table(
    "merchant_days",
    metadata,
    Column("merchant", BigInteger, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    Column("day", BigInteger, primary_key=True),
    _money("redeemed"),
    _int("count"),
    _money("settled"),
    _int("settled_count"),
    Index("ix_merchant_days_line", "line"),
)
batch_totals = Table("batch_totals", metadata, _id("batch"), _int("issued"), _int("redeemed"), _int("swept"))

ROLL_UPS = (line_totals, merchant_days, batch_totals)
FACTS = tuple(
    table
    for table in metadata.sorted_tables
    if "block" in table.c and table.name not in {"roll_places", "claimed_places", "transactions"}
)
