"""Subscribers in the database, each with how far it was told and who tells it now. Implements the port `SubscriberStore`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, and_, delete, func, insert, or_, select, update

from node_api.domain.ids import MerchantId, ProgrammeId
from node_api.domain.subscribers import Subscriber
from node_api.domain.told import Cursor, Wanted
from node_api.storage.engine import reading, writing
from node_api.storage.operation_tables import subscribers as s

_FREE: dict[str, str | int | None] = {"leased_by": None, "leased_until": 0}
_AT_ONCE: dict[str, str | int | bool | None] = {"failures": 0, "next_at": 0, "fault": None, "gone": False}
_FAULT_SHOWN = 500


class Subscribers:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine

    def put(self, subscriber: Subscriber) -> Subscriber:
        """See the port."""
        given = {
            "url": subscriber.url,
            "programme": subscriber.wanted.programme,
            "merchant": subscriber.wanted.merchant,
            **_AT_ONCE,
        }
        known = func.coalesce(s.c.fingerprint, subscriber.fingerprint)
        with writing(self._engine) as connection:
            again = update(s).where(s.c.name == subscriber.name).values(**given, **_FREE, fingerprint=known)
            if not connection.execute(again).rowcount:
                new = {"salt": subscriber.salt, "old_until": 0, "upto": str(subscriber.upto), "told": 0}
                first = {"name": subscriber.name, "fingerprint": subscriber.fingerprint}
                connection.execute(insert(s).values(**first, **given, **new, **_FREE))
            return _kept(connection, subscriber.name)

    def get(self, name: str) -> Subscriber | None:
        """See the port."""
        with reading(self._engine) as connection:
            return _find(connection, name)

    def all(self) -> list[Subscriber]:
        """See the port."""
        with reading(self._engine) as connection:
            return [_subscriber(row) for row in connection.execute(select(s).order_by(s.c.name)).mappings()]

    def remove(self, name: str) -> bool:
        """See the port."""
        with writing(self._engine) as connection:
            return bool(connection.execute(delete(s).where(s.c.name == name)).rowcount)

    def move(self, name: str, to: Cursor) -> Subscriber | None:
        """See the port."""
        return self._change(s.c.name == name, name, upto=str(to), **_AT_ONCE, **_FREE)

    def renew_salt(self, name: str, fingerprint: str, salt: bytes, old_until: int) -> Subscriber | None:
        """See the port."""
        new = {"old_salt": s.c.salt, "salt": salt, "old_until": old_until, "fingerprint": fingerprint}
        return self._change(and_(s.c.name == name, _signed_by(fingerprint)), name, **new)

    def lease(self, name: str, by: str, fingerprint: str, now: int, until: int) -> Subscriber | None:
        """See the port."""
        free = or_(s.c.leased_by.is_(None), s.c.leased_by == by, s.c.leased_until <= now)
        due = and_(s.c.name == name, s.c.gone.is_(False), s.c.next_at <= now, free, _signed_by(fingerprint))
        return self._change(due, name, leased_by=by, leased_until=until, fingerprint=fingerprint)

    def told(self, name: str, by: str, upto: Cursor, count: int, lease_until: int) -> bool:
        """See the port."""
        better = {"failures": 0, "next_at": 0, "fault": None, "leased_until": lease_until}
        mine = _mine(name, by)
        return self._change(mine, name, upto=str(upto), told=s.c.told + count, **better) is not None

    def failed(self, name: str, by: str, fault: str, next_at: int, *, gone: bool) -> None:
        """See the port."""
        told = {"failures": s.c.failures + 1, "fault": fault[:_FAULT_SHOWN], "next_at": next_at, "gone": gone}
        self._change(_mine(name, by), name, **told, **_FREE)

    def release(self, name: str, by: str) -> None:
        """See the port."""
        self._change(_mine(name, by), name, **_FREE)

    def _change(self, where: ColumnElement[bool], name: str, **values: object) -> Subscriber | None:
        with writing(self._engine) as connection:
            changed = connection.execute(update(s).where(where).values(**values)).rowcount
            return _kept(connection, name) if changed else None


def _mine(name: str, by: str) -> ColumnElement[bool]:
    return and_(s.c.name == name, s.c.leased_by == by)


def _signed_by(fingerprint: str) -> ColumnElement[bool]:
    return func.coalesce(s.c.fingerprint, fingerprint) == fingerprint


def _find(connection: Connection, name: str) -> Subscriber | None:
    row = connection.execute(select(s).where(s.c.name == name)).mappings().first()
    return None if row is None else _subscriber(row)


def _kept(connection: Connection, name: str) -> Subscriber:
    found = _find(connection, name)
    assert found is not None
    return found


def _subscriber(row: RowMapping) -> Subscriber:
    programme, merchant = row["programme"], row["merchant"]
    return Subscriber(
        name=row["name"],
        url=row["url"],
        wanted=Wanted(
            None if programme is None else ProgrammeId(programme), None if merchant is None else MerchantId(merchant)
        ),
        salt=row["salt"],
        upto=Cursor.read(row["upto"], 0),
        fingerprint=row["fingerprint"],
        old_salt=row["old_salt"],
        old_until=row["old_until"],
        told=row["told"],
        failures=row["failures"],
        next_at=row["next_at"],
        fault=row["fault"],
        gone=row["gone"],
    )
