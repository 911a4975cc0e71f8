"""How long vouchers took to be spent, and what programmes are published with, read from the index on every database.

days_taken
├── every redemption of vouchers that share a category counts once, by whole days from when the voucher could first be spent
├── a category nobody spent in has none
└── as of an older block: what came later is not counted
publication
└── of a programme that said nothing: no notice, no texts; its quota is the sum of its lines, its start the earliest
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from node_api.domain.ids import BatchId, ProgrammeId, RollId
from node_api.domain.models import BlockRef
from node_api.storage.reads import IndexReader, IndexReads
from tests.storage.conftest import MakeDatabase, indexer_of
from tests.world import DAY, World

ALL = (1 << 64) - 1


@pytest.fixture
def database(told: World, make_database: MakeDatabase) -> Engine:
    engine = make_database()
    indexer_of(told, engine).catch_up()
    return engine


@pytest.fixture
def reader(database: Engine) -> Iterator[IndexReader]:
    with IndexReads(database).at_head() as reader:
        yield reader


def counted(reader: IndexReader, categories: int) -> Counter[int]:
    """The same from the record's other answers, one redemption at a time."""
    days: Counter[int] = Counter()
    for done in reader.redemptions_from(1, 10_000):
        batch, roll = (
            reader.batch(BatchId(done.voucher >> 35)),
            reader.roll_written(RollId(done.voucher >> 11 & 0xFFFFFF)),
        )
        assert batch is not None
        assert roll is not None
        if batch.categories & categories:
            days[(done.tx.block.timestamp - max(batch.valid_from, roll.block.timestamp)) // DAY] += 1
    return days


def test_days_taken__of_the_told_story__are_those_of_its_redemptions(reader: IndexReader) -> None:
    assert reader.days_taken(ALL).total() == len(reader.redemptions_from(1, 10_000)) > 0
    for categories in (ALL, *(1 << category for category in range(64))):
        assert reader.days_taken(categories) == counted(reader, categories)
    assert not reader.days_taken(0)


def test_days_taken__as_of_an_older_block__counts_what_stood_then(database: Engine, reader: IndexReader) -> None:
    last = reader.redemptions_from(1, 10_000)[-1]
    with IndexReads(database).at(last.tx.block.number - 1) as before:
        assert (
            before.days_taken(ALL).total() == len(before.redemptions_from(1, 10_000)) < reader.days_taken(ALL).total()
        )


def test_publication__of_a_programme_that_said_nothing__has_its_quota_and_start(reader: IndexReader) -> None:
    programme = ProgrammeId(1)
    publication, facts = reader.publication(programme), reader.programme(programme)
    assert facts is not None
    assert (publication.notice_seconds, publication.how_to_use, publication.conditions) == (0, None, None)
    published = next(step.tx.block for step in reader.programme_steps(programme) if step.name == "published")
    assert isinstance(published, BlockRef)
    assert publication.earliest == max(facts.starts_at, published.timestamp)
    assert publication.quota > 0
    assert reader.policies() == []
    assert reader.validity_exceptions() == []
