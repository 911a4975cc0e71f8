"""Reconciliation on a real chain.

reconcile
├── after a whole story ................................ every term, from every source, agrees
├── for one programme .................................. its lines only, without escrow
├── an index that lies
│   ├── about a roll-up ................................ the line or batch, the term and all values are named
│   ├── about a redemption ............................. events differ from chain, bits and days
│   ├── about a day .................................... the day is named
│   ├── by leaving out an issue ........................ the batch is named
│   └── about a pair ................................... the pair is named
├── marks outside a batch's window ..................... are read where they stand
├── money that was sent past the ledger ................ the token's balance is named
├── at an older block .................................. agrees there, too
└── at a block whose state is gone ..................... is refused, not guessed
"""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, update

from node_api.chain.keys import KeyRole
from node_api.chain.ledger import Ledger
from node_api.domain.ids import ProgrammeId
from node_api.domain.reconciliation import Check, Reconciliation, Source
from node_api.services.ports.auditing import StateGone
from node_api.services.reconciling import reconcile
from node_api.storage import tables as t
from node_api.storage.reads import IndexReads
from tests.storage.conftest import indexer_of
from tests.world import ENDS_AT, STARTS_AT, World


def outcome_of(world: World, engine: Engine, programme: int | None = None) -> Reconciliation:
    with IndexReads(engine).at_head() as reader:
        which = None if programme is None else ProgrammeId(programme)
        return reconcile(reader, Ledger(world.rpc, world.addresses), which)


def values(checks: list[Check]) -> dict[tuple[str, str], dict[str, int]]:
    return {
        (check.subject, check.term): {source.value: value for source, value in check.values.items()} for check in checks
    }


def test_reconcile__after_a_whole_story__agrees_on_every_term(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    outcome = outcome_of(told, engine)
    assert outcome.differences == []
    assert (outcome.lines, outcome.pairs) == (4, 5)
    found = values(list(outcome.checks))
    assert found["line 65537", "committed"] == {"chain": 10_000, "bits": 10_000, "events": 10_000, "index": 10_000}
    assert found["line 65537", "payable"] == dict.fromkeys(("chain", "bits", "days", "events", "index"), 5_000)
    assert found["line 131073", "returned"] == {"chain": 599_400, "events": 599_400, "index": 599_400}
    token = told.addresses["SettlementToken"].lower()
    held = 2_400_000 - 5_000 - 600 - 599_400 - 600_000
    assert found[f"token {token}", "escrow"] == dict.fromkeys(("escrow", "balance", "events"), held)


def test_reconcile__for_one_programme__knows_only_its_lines(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    outcome = outcome_of(told, engine, 2)
    assert outcome.differences == []
    assert {check.line for check in outcome.checks} == {131073, 131074}


def test_reconcile__with_a_wrong_roll_up__names_line_term_and_values(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(update(t.line_totals).where(t.line_totals.c.line == 65538).values(redeemed=301))
    differences = values(outcome_of(told, engine).differences)
    assert differences["line 65538", "payable"] == {"chain": 300, "bits": 300, "days": 300, "events": 300, "index": 301}
    assert {term for _, term in differences} == {"committed", "payable", "redeemed"}


def test_reconcile__with_a_forged_redemption__sets_events_against_the_chain(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(update(t.redemptions).where(t.redemptions.c.number == 3).values(amount=4_000))
    differences = values(outcome_of(told, engine).differences)
    assert differences["line 65537", "redeemed"] == {"bits": 10_000, "days": 10_000, "events": 9_000, "index": 10_000}


def test_reconcile__with_a_wrong_count_of_a_batch__names_it(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(
            update(t.batch_totals).where(t.batch_totals.c.batch == 3).values(issued=3, redeemed=1, swept=1)
        )
    assert values(outcome_of(told, engine).differences) == {
        ("batch 3", "issued"): {"chain": 4, "events": 4, "index": 3},
        ("batch 3", "swept"): {"chain": 2, "events": 2, "index": 1},
        ("batch 3", "used up"): {"bits": 2, "index": 1},
    }


def test_reconcile__with_a_wrong_day__names_it(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(update(t.merchant_days).where(t.merchant_days.c.merchant == 2).values(count=2))
    assert [(check.term, dict(check.values)) for check in outcome_of(told, engine).differences] == [
        ("count", {Source.INDEX: 2, Source.DAYS: 1})
    ]


def test_reconcile__without_one_issue__names_its_batch(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(delete(t.issues).where(t.issues.c.batch == 2, t.issues.c.roll == 2))
    differences = values(outcome_of(told, engine).differences)
    assert differences["batch 2", "issued"] == {"chain": 6, "events": 4, "index": 6}
    assert differences["line 65538", "committed_count"] == {"chain": 5, "bits": 3, "events": 3, "index": 5}


def test_reconcile__with_wrong_pairs__names_them(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    with engine.begin() as connection:
        connection.execute(update(t.issues).where(t.issues.c.batch == 2, t.issues.c.roll == 1).values(count=3))
        connection.execute(update(t.sweeps).where(t.sweeps.c.batch == 3).values(count=1))
    differences = values(outcome_of(told, engine).differences)
    assert differences["batch 2, roll 1", "places"] == {"bits": 4, "events": 3}
    assert differences["batch 3, roll 3", "swept"] == {"bits": 2, "events": 1}


def test_reconcile__with_marks_outside_the_window__reads_them_where_they_stand(world: World, engine: Engine) -> None:
    world.fund()
    world.issue()
    world.redeem_first_pair(STARTS_AT + 100)
    world.at(ENDS_AT)
    world.send(KeyRole.TREASURER, "CaseDesk", "sweep", 2, 1)
    indexer_of(world, engine).catch_up()
    outcome = outcome_of(world, engine)
    assert outcome.differences == []
    assert values(list(outcome.checks))["batch 2", "swept"] == {"chain": 3, "events": 3, "index": 3}


def test_reconcile__with_money_sent_past_the_ledger__names_the_balance(world: World, engine: Engine) -> None:
    world.fund()
    world.send(KeyRole.TREASURER, "SettlementToken", "transfer", world.addresses["Treasury"], 1)
    indexer_of(world, engine).catch_up()
    (difference,) = outcome_of(world, engine).differences
    assert dict(difference.values) == {
        Source.ESCROW: 2_400_000,
        Source.BALANCE: 2_400_001,
        Source.EVENTS: 2_400_000,
    }


def test_reconcile__at_an_older_block__agrees_there_too(told: World, engine: Engine) -> None:
    indexer_of(told, engine).catch_up()
    for number in range(told.deployment.first_block, told.head() + 1, 7):
        with IndexReads(engine).at(number) as reader:
            assert reconcile(reader, Ledger(told.rpc, told.addresses)).differences == []


def test_reconcile__at_a_block_whose_state_is_gone__is_refused(world: World, engine: Engine) -> None:
    world.fund()
    old = world.head()
    world.mine(600)
    indexer_of(world, engine).catch_up()
    with IndexReads(engine).at(old) as reader, pytest.raises(StateGone, match=f"block {old}"):
        reconcile(reader, Ledger(world.rpc, world.addresses))
