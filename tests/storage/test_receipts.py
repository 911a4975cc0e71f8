"""Which bookings were captured against receipts, on SQLite and PostgreSQL.

receipted
├── captured against → the bookings by their digests, of this programme and merchant alone
├── never captured against, a merchant there cannot be, a receipt that is no hash, none asked for → left out
├── captured in a later block → left out
└── the plan → by the index
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from node_api.domain.ids import Hash, MerchantId, ProgrammeId, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.services.ports.operations import Claim
from node_api.storage import tables as t
from node_api.storage.engine import open_database, reading, writing
from node_api.storage.kept import Facts
from node_api.storage.migrate import migrate
from node_api.storage.reads import IndexReader
from tests.storage.conftest import MakeDatabase
from tests.storage.test_by_keys import plan, statements
from tests.storage.test_operations import word

NOBODY = bytes(20)


def captured(engine: Engine, booking: int, claim: Claim, block: int, vouchers: int = 2) -> None:
    programme, merchant, receipt = claim
    digest = bytes.fromhex(word(booking)[2:])
    place = {"block": block, "tx_index": 0, "log_index": booking}
    served = {"digest": digest, "merchant": merchant, "receipt": bytes.fromhex(receipt[2:]), "bill": bytes(32)}
    booked = {"digest": digest, "merchant": merchant, "line": programme << 16 | 1, "service": bytes(32), "amount": 1}
    with writing(engine) as connection:
        connection.execute(insert(t.services), {**served, **place, "actor": NOBODY})
        for voucher in range(vouchers):
            connection.execute(insert(t.bookings), {**booked, **place, "voucher": voucher, "lapse_at": 1})


def claim_of(receipt: int, programme: int = 1, merchant: int = 1) -> Claim:
    return ProgrammeId(programme), MerchantId(merchant), word(receipt)


def told(engine: Engine, *wanted: Claim, block: int = 9) -> dict[Claim, frozenset[Hash]]:
    with reading(engine) as connection:
        stands = BlockRef(block, word(block), UnixSeconds(block))
        return IndexReader(connection, stands, at_head=True, facts=Facts()).receipted(wanted)


@pytest.fixture
def engine(make_database: MakeDatabase) -> Engine:
    return make_database()


def test_receipted__of_many__are_those_of_programme_and_merchant(engine: Engine) -> None:
    captured(engine, 1, claim_of(7), 5)
    captured(engine, 2, claim_of(7), 6)
    captured(engine, 3, claim_of(7, programme=2), 6)
    captured(engine, 4, claim_of(8), 7)

    found = told(engine, claim_of(7), claim_of(7, merchant=2), claim_of(8), claim_of(8, programme=2), claim_of(9))

    assert found == {claim_of(7): {word(1), word(2)}, claim_of(8): {word(4)}}
    assert told(engine, claim_of(7, programme=2)) == {claim_of(7, programme=2): {word(3)}}


def test_receipted__of_what_there_is_not__tells_nothing(engine: Engine) -> None:
    assert told(engine, claim_of(7)) == {}
    captured(engine, 1, claim_of(7), 5)
    odd = ProgrammeId(1), MerchantId(1), Hash("0xno")
    assert told(engine) == {}
    assert told(engine, claim_of(7, merchant=1 << 200), claim_of(7, programme=1 << 200), odd) == {}


def test_receipted__at_an_older_block__leaves_later_ones_out(engine: Engine) -> None:
    captured(engine, 1, claim_of(7), 5)
    captured(engine, 2, claim_of(7), 6)

    assert [len(told(engine, claim_of(7), block=block).get(claim_of(7), ())) for block in (4, 5, 6)] == [0, 1, 2]


def test_receipted__of_a_hundred__goes_by_the_index(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'node.sqlite'}")
    migrate(engine)
    captured(engine, 1, claim_of(7), 5)
    with statements(engine) as said:
        told(engine, *map(claim_of, range(100)))
    with reading(engine) as connection:
        (searched,) = [one for one in said if "services AS found" in one[0]]
        steps = [str(row[3]) for row in plan(connection, *searched)]
    engine.dispose()
    assert "SEARCH found USING INDEX ix_services_receipt (merchant=? AND receipt=?)" in steps
