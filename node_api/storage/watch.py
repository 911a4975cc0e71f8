"""What an observer watched and noticed, in the database. Implements the ports `WatchStore` and `FindingReads`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Engine, delete, exists, func, insert, select, update

from node_api.domain.council import Ballot, Council, SealedHeader
from node_api.domain.findings import LASTING, Finding, FindingKind
from node_api.domain.ids import Address, Hash, UnixSeconds
from node_api.domain.models import BlockRef
from node_api.services.ports.indexing import CheckpointMoved
from node_api.services.watching import KEPT
from node_api.storage.engine import reading, writing
from node_api.storage.queries import to_address, to_hash, to_raw
from node_api.storage.watch_tables import findings as f
from node_api.storage.watch_tables import watch_place as p
from node_api.storage.watch_tables import watched_blocks as w

_ONLY = 1
_LASTING = [kind.value for kind in LASTING]


class WatchTables:
    """See the ports."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine

    def place(self) -> tuple[SealedHeader, Council] | None:
        """See the port."""
        with reading(self._engine) as connection:
            row = connection.execute(select(w).join(p, p.c.hash == w.c.hash)).one_or_none()
        if row is None:
            return None
        signer = None if row.signer is None else to_address(row.signer)
        header = SealedHeader(row.number, to_hash(row.hash), to_hash(row.parent), UnixSeconds(row.timestamp), signer)
        return header, _council(row.council)

    def hash_at(self, number: int) -> Hash | None:
        """See the port."""
        ours = select(w.c.hash).where(w.c.number == number, w.c.council.is_not(None))
        with reading(self._engine) as connection:
            found = connection.execute(ours).scalar_one_or_none()
        return None if found is None else to_hash(found)

    def knows(self, block: Hash) -> bool:
        """See the port."""
        with reading(self._engine) as connection:
            return bool(connection.execute(select(exists().where(w.c.hash == to_raw(block)))).scalar_one())

    def sealed(self, numbers: Collection[int]) -> list[tuple[int, Address, Hash]]:
        """See the port."""
        if not numbers:
            return []
        at = select(w.c.number, w.c.signer, w.c.hash).where(w.c.number.between(min(numbers), max(numbers)))
        with reading(self._engine) as connection:
            rows = connection.execute(at.where(w.c.signer.is_not(None))).tuples().all()
        return [(number, to_address(signer), to_hash(found)) for number, signer, found in rows if number in numbers]

    def append(
        self, after: Hash | None, seen: Sequence[tuple[SealedHeader, Council]], findings: Sequence[Finding]
    ) -> None:
        """See the port."""
        last = seen[-1][0]
        with writing(self._engine) as connection:
            _require(connection, after)
            for header, council in seen:
                connection.execute(delete(w).where(w.c.hash == to_raw(header.hash)))
                connection.execute(insert(w).values(**_row(header), council=_text(council)))
            connection.execute(delete(w).where(w.c.number <= last.number - KEPT))
            _note(connection, findings)
            place = {"number": last.number, "hash": to_raw(last.hash)}
            if after is None:
                connection.execute(insert(p).values(id=_ONLY, **place))
            else:
                connection.execute(update(p).values(**place))

    def rewind(self, seen: Hash, to: int) -> None:
        """See the port."""
        with writing(self._engine) as connection:
            _require(connection, seen)
            connection.execute(update(w).where(w.c.number > to).values(council=None))
            connection.execute(delete(f).where(f.c.number > to, f.c.kind.not_in(_LASTING)))
            kept = connection.execute(select(w.c.hash).where(w.c.number == to, w.c.council.is_not(None))).scalar()
            if kept is None:
                connection.execute(delete(p))
            else:
                connection.execute(update(p).values(number=to, hash=kept))

    def note(self, findings: Sequence[Finding], seen: Sequence[SealedHeader] = ()) -> None:
        """See the port."""
        if not findings and not seen:
            return
        with writing(self._engine) as connection:
            for header in seen:
                known = connection.execute(select(w.c.hash).where(w.c.hash == to_raw(header.hash))).scalar()
                if known is None:
                    connection.execute(insert(w).values(**_row(header), council=None))
            _note(connection, findings)

    def has(self, kind: FindingKind, subject: str, detail: str) -> bool:
        """See the port."""
        same = exists().where(f.c.kind == kind.value, f.c.subject == subject, f.c.detail == detail)
        with reading(self._engine) as connection:
            return bool(connection.execute(select(same)).scalar_one())

    def newest_of(self, kinds: Collection[FindingKind]) -> FindingKind | None:
        """See the port."""
        found = self.findings(kinds, limit=1)
        return found[0].kind if found else None

    def watched(self) -> BlockRef | None:
        """See the port."""
        found = self.place()
        return None if found is None else BlockRef(found[0].number, found[0].hash, found[0].timestamp)

    def findings(self, kinds: Collection[FindingKind] = (), *, limit: int = 100) -> list[Finding]:
        """See the port."""
        query = select(f).order_by(f.c.sequence.desc()).limit(limit)
        if kinds:
            query = query.where(f.c.kind.in_([kind.value for kind in kinds]))
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            Finding(
                FindingKind(row.kind), row.subject, row.detail, row.number, to_hash(row.hash), row.at, row.noticed_at
            )
            for row in rows
        ]

    def counts(self) -> dict[str, int]:
        """See the port."""
        with reading(self._engine) as connection:
            return dict(connection.execute(select(f.c.kind, func.count()).group_by(f.c.kind)).tuples().all())


def _require(connection: Connection, expected: Hash | None) -> None:
    """The place's row serialises writers, also those of other processes."""
    found = connection.execute(select(p.c.hash).with_for_update()).scalar_one_or_none()
    if (None if found is None else to_hash(found)) != expected:
        raise CheckpointMoved(f"the watch stands at another block than {expected}")


def _note(connection: Connection, findings: Sequence[Finding]) -> None:
    rows = [
        {
            "kind": one.kind.value,
            "subject": one.subject,
            "detail": one.detail,
            "number": one.number,
            "hash": to_raw(one.hash),
            "at": one.at,
            "noticed_at": one.noticed_at,
        }
        for one in findings
    ]
    if rows:
        connection.execute(insert(f), rows)


def _row(header: SealedHeader) -> dict[str, object]:
    return {
        "hash": to_raw(header.hash),
        "number": header.number,
        "parent": to_raw(header.parent),
        "timestamp": header.timestamp,
        "signer": None if header.signer is None else to_raw(header.signer),
    }


def _text(council: Council) -> str:
    ballots = [[one.signer, one.subject, one.add] for one in council.ballots]
    return json.dumps({"sealed": dict(council.sealed), "ballots": ballots, "silent": sorted(council.silent)})


def _council(text: str) -> Council:
    found = json.loads(text)
    ballots = tuple(Ballot(*ballot) for ballot in found["ballots"])
    return Council(found["sealed"], ballots, frozenset(found["silent"]))
