"""Publications, validity policies and exceptions, and how long vouchers took to be spent, read from the index."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import Integer, case, func, literal, select

from node_api.domain.ids import Amount, ProgrammeId, UnixSeconds
from node_api.domain.publication import Publication, PublishedText
from node_api.domain.trail import Step
from node_api.domain.validity import DAY, PolicyVersion, ValidityException, ValidityPolicy, ValidityRow
from node_api.storage import tables as t
from node_api.storage.queries import CHUNK, Queries, Record, to_address, to_hash, tx_of, with_tx

_FACE_BYTES, _DIFFICULTY_BYTES, _ROW_BYTES = 6, 4, 11
_NO_TEXT = bytes(32)


class LifeQueries(Queries):
    """Implements `LifeReader`."""

    def publication(self, programme: ProgrammeId) -> Publication:
        """See the port."""
        said, announced = t.publications, t.announcements
        query = select(said).where(said.c.programme == programme, self._upto(said))
        row = self._connection.execute(
            query.order_by(said.c.block.desc(), said.c.log_index.desc()).limit(1)
        ).one_or_none()
        query = select(announced).where(announced.c.programme == programme, self._upto(announced))
        out = self._connection.execute(query).one_or_none()
        return Publication(
            notice_seconds=0 if row is None else row.notice_seconds,
            how_to_use=None if row is None else _text(row.how_to_use_hash, row.how_to_use_uri),
            conditions=None if row is None else _text(row.conditions_hash, row.conditions_uri),
            quota=Amount(0 if out is None else out.quota),
            earliest=UnixSeconds(0 if out is None else out.earliest),
        )

    def policies(self) -> list[PolicyVersion]:
        """See the port."""
        steps: dict[int, dict[str, Step]] = defaultdict(dict)
        for row in self._rows(with_tx(t.policy_steps).where(self._upto(t.policy_steps))):
            steps[row.policy][row.name] = _step(row)
        rows = self._rows(select(t.policies).where(self._upto(t.policies)).order_by(t.policies.c.policy))
        return [
            PolicyVersion(
                row.policy,
                _policy(row),
                steps[row.policy]["proposed"],
                steps[row.policy].get("approved"),
                steps[row.policy].get("withdrawn"),
            )
            for row in rows
        ]

    def validity_exceptions(self) -> list[ValidityException]:
        """See the port."""
        table = t.exception_steps
        rows = self._rows(with_tx(table).where(self._upto(table)).order_by(table.c.block, table.c.log_index))
        asked: list[tuple[Record, Step | None]] = []
        newest: dict[bytes, int] = {}
        for row in rows:
            if row.name == "proposed":
                newest[row.exception] = len(asked)
                asked.append((row, None))
            else:
                at = newest[row.exception]
                asked[at] = (asked[at][0], _step(row))
        return [_exception(row, decided) for row, decided in asked]

    def days_taken(self, categories: int) -> Counter[int]:
        """See the port."""
        rows = self._rows(select(t.batches.c.batch, t.batches.c.categories).where(self._upto(t.batches)))
        batches = [row.batch for row in rows if row.categories & categories]
        taken: Counter[int] = Counter()
        for at in range(0, len(batches), CHUNK):
            for day, count in self._days_of(batches[at : at + CHUNK]):
                taken[day] += count
        return taken

    def _days_of(self, batches: list[int]) -> Iterator[tuple[int, int]]:
        spent, written, when = t.redemptions, t.rolls, t.blocks.alias()
        roll_time = t.blocks.alias()
        batch = spent.c.voucher.bitwise_rshift(literal(35, Integer))
        roll = spent.c.voucher.bitwise_rshift(literal(11, Integer)).bitwise_and(literal(0xFFFFFF, Integer))
        later = roll_time.c.timestamp > t.batches.c.valid_from
        begun = case((later, roll_time.c.timestamp), else_=t.batches.c.valid_from)
        day = ((when.c.timestamp - begun) // DAY).label("day")
        query = (
            select(day, func.count())
            .join(t.batches, t.batches.c.batch == batch)
            .join(written, written.c.roll == roll)
            .join(roll_time, roll_time.c.number == written.c.block)
            .join(when, when.c.number == spent.c.block)
            .where(t.batches.c.batch.in_(batches), self._upto(spent))
            .group_by(day)
        )
        for found, count in self._connection.execute(query):
            yield int(found), count


def _text(digest: bytes, uri: str) -> PublishedText | None:
    return None if digest == _NO_TEXT else PublishedText(to_hash(digest), uri)


def _step(row: Record) -> Step:
    return Step(row.name, to_address(row.actor), row.reason, 0, tx_of(row))


def _policy(row: Record) -> ValidityPolicy:
    faces = tuple(int.from_bytes(one, "big") for one in _pieces(row.faces, _FACE_BYTES))
    difficulties = tuple(int.from_bytes(one, "big") for one in _pieces(row.difficulties, _DIFFICULTY_BYTES))
    packed = _pieces(row._mapping["rows"], _ROW_BYTES)
    rows = (
        ValidityRow(one[0], one[1], one[2], int.from_bytes(one[3:7], "big"), int.from_bytes(one[7:], "big"))
        for one in packed
    )
    return ValidityPolicy(faces, difficulties, tuple(rows))


def _pieces(packed: bytes, size: int) -> list[bytes]:
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def _exception(row: Record, decided: Step | None) -> ValidityException:
    return ValidityException(
        id=to_hash(row.exception),
        ref=row.ref,
        programme=row.programme,
        valid_from=UnixSeconds(row.valid_from),
        valid_until=UnixSeconds(row.valid_until),
        claim_days=row.claim_days,
        asked=_step(row),
        decided=decided,
    )
