"""Versions of rules, read from the index of the told story.

rules of a programme
├── every version: its terms, what it widens, who proposed, activated and withdrew it, when and why
├── which one stood at a time: none before publication, the first, from its activation on the second
├── where each stands at a time: proposed, ripe, active, replaced, withdrawn
├── how long a day waits for its settlement: the longest window of any version that was activated, as the contract has it
└── as of an older block: what came later is not known
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from node_api.chain.keys import KeyRole
from node_api.domain.ids import ProgrammeId, UnixSeconds
from node_api.domain.models import Widening
from node_api.domain.versions import RulesVersion, VersionState, settlement_window, state_at, version_at, widening_at
from node_api.storage.reads import IndexReader, IndexReads
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import DAY, GENESIS_AT, STARTS_AT, World

MEALS, TRAVEL = ProgrammeId(1), ProgrammeId(2)
PROPOSED_AT, ACTIVATED_AT = STARTS_AT + DAY + 200, STARTS_AT + 9 * DAY


@pytest.fixture
def database(told: World, make_database: MakeDatabase) -> Engine:
    engine = make_database()
    indexer_of(told, engine).catch_up()
    return engine


@pytest.fixture
def reader(database: Engine) -> Iterator[IndexReader]:
    with IndexReads(database).at_head() as reader:
        yield reader


def states(versions: list[RulesVersion], time: int) -> list[VersionState]:
    return [state_at(versions, one, UnixSeconds(time)) for one in versions]


def test_rules_versions__of_every_kind__tell_terms_people_times_and_reasons(told: World, reader: IndexReader) -> None:
    first, second, third, fourth = reader.rules_versions(MEALS)
    treasurer, approver = (told.roles.address(role).lower() for role in (KeyRole.TREASURER, KeyRole.APPROVER))
    assert [one.version for one in (first, second, third, fourth)] == [1, 2, 3, 4]

    assert first.proposed is not None
    assert first.activated is not None
    assert (first.proposed.actor, first.activated.actor, first.withdrawn) == (treasurer, treasurer, None)
    assert first.ripe_at == first.proposed.tx.block.timestamp
    assert first.rules.max_deadline == 3_600
    assert not first.widening

    assert (second.rules.day_amount, second.rules.step_up_threshold, second.rules.first_only) == (20_000, 50_000, False)
    assert second.widening == Widening(1 << 5, (0x3100000002, 0x3205000004), 2)
    assert second.proposed is not None
    assert second.activated is not None
    assert (second.proposed.actor, second.proposed.reason) == (treasurer, "asked for by the shops")
    assert second.proposed.tx.block.timestamp == PROPOSED_AT
    assert second.ripe_at == PROPOSED_AT + 7 * DAY
    assert (second.activated.actor, second.activated.tx.block.timestamp) == (approver, ACTIVATED_AT)

    assert third.withdrawn is not None
    assert third.activated is None
    assert (third.withdrawn.actor, third.withdrawn.reason) == (treasurer, "a slip of the pen")
    assert fourth.rules.first_only
    assert fourth.activated is None
    assert fourth.withdrawn is None
    assert [one.version for one in reader.rules_versions(TRAVEL)] == [1]


def test_version_at__before_and_after_each_activation__names_the_one_that_stood(reader: IndexReader) -> None:
    versions = reader.rules_versions(MEALS)
    assert version_at(versions, UnixSeconds(GENESIS_AT - 1)) is None
    for time, expected in ((STARTS_AT, 1), (ACTIVATED_AT - 1, 1), (ACTIVATED_AT, 2), (ACTIVATED_AT + 99 * DAY, 2)):
        found = version_at(versions, UnixSeconds(time))
        assert found is not None
        assert found.version == expected
    assert not widening_at(versions, UnixSeconds(ACTIVATED_AT - 1))
    assert widening_at(versions, UnixSeconds(ACTIVATED_AT)) == versions[1].widening


def test_state_at__as_time_goes_on__goes_from_proposed_to_replaced(reader: IndexReader) -> None:
    versions = reader.rules_versions(MEALS)
    active, replaced, withdrawn = VersionState.ACTIVE, VersionState.REPLACED, VersionState.WITHDRAWN
    assert states(versions, PROPOSED_AT)[:2] == [active, VersionState.PROPOSED]
    assert states(versions, PROPOSED_AT + 7 * DAY)[:2] == [active, VersionState.RIPE]
    later = ACTIVATED_AT + DAY
    assert states(versions, later) == [replaced, active, withdrawn, VersionState.PROPOSED]
    assert states(versions, later + 7 * DAY)[3] == VersionState.RIPE


def with_windows(version: RulesVersion, reversal: int, dispute: int) -> RulesVersion:
    return replace(version, rules=replace(version.rules, reversal_window=reversal, dispute_window=dispute))


def test_settlement_window__of_several_versions__is_the_longest_that_was_ever_activated(
    told: World, reader: IndexReader
) -> None:
    first, second, withdrawn, proposed = reader.rules_versions(MEALS)
    on_chain = int.from_bytes(told.ask("settlementWindow", MEALS))
    assert settlement_window([first, second, withdrawn, proposed]) == on_chain == DAY
    never = [with_windows(withdrawn, 9 * DAY, 0), with_windows(proposed, 0, 9 * DAY)]
    assert settlement_window([first, with_windows(second, 0, 0), *never]) == DAY
    assert settlement_window([first, with_windows(second, 60, 2 * DAY), *never]) == 2 * DAY
    assert settlement_window(never) == 0


def test_programme__of_several_versions__has_the_active_one_and_its_widening(reader: IndexReader) -> None:
    meals = reader.programme(MEALS)
    assert meals is not None
    assert meals.rules_version == 2
    assert {one.id: one.rules_version for one in reader.programmes()} == {MEALS: 2, TRAVEL: 1}
    assert reader.widening(MEALS) == Widening(1 << 5, (0x3100000002, 0x3205000004), 2)
    assert reader.widening(TRAVEL) == Widening()


def test_rules_versions__as_of_an_older_block__know_nothing_of_what_came_later(
    database: Engine, reader: IndexReader
) -> None:
    second = reader.rules_versions(MEALS)[1]
    assert second.activated is not None
    with IndexReads(database).at(second.activated.tx.block.number - 1) as before:
        programme = before.programme(MEALS)
        assert programme is not None
        assert programme.rules_version == 1
        assert [(one.version, one.activated is None) for one in before.rules_versions(MEALS)] == [(1, False), (2, True)]
        assert not before.widening(MEALS)
