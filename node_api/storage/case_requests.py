"""Idempotency keys of cases. Implements the port `CaseRequests`."""

from __future__ import annotations

import time

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from node_api.storage.engine import reading, writing
from node_api.storage.operation_tables import case_requests


class CaseRequestTable:
    """See the port. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine

    def take(self, owner: str, key: str, body_hash: str) -> str | None:
        """See the port."""
        now = time.time_ns() // 1_000_000
        row = {"owner": owner, "idempotency_key": key, "body_hash": body_hash, "received_at": now}
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(case_requests), row)
        except IntegrityError:
            return self._find(owner, key)
        return None

    def _find(self, owner: str, key: str) -> str | None:
        table = case_requests
        query = select(table.c.body_hash).where(table.c.owner == owner, table.c.idempotency_key == key)
        with reading(self._engine) as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
            return found
