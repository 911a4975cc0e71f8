"""API keys in the database, each under the SHA-256 of its token. Implements the port `ApiKeyStore`."""

from collections.abc import Sequence

from sqlalchemy import Engine, RowMapping, bindparam, insert, select, update

from node_api.domain.access import ApiKey, ApiRole
from node_api.domain.ids import MerchantId, UnixSeconds
from node_api.storage.engine import reading, writing
from node_api.storage.operation_tables import api_keys

_FIND = select(api_keys).where(api_keys.c.token_hash.in_(bindparam("digests", expanding=True)))


class ApiKeys:
    """See the port."""

    def __init__(self, engine: Engine) -> None:
        """The database must have been migrated (`storage.migrate`)."""
        self._engine = engine

    def add(self, key: ApiKey, digest: bytes) -> None:
        """See the port."""
        row = {
            "id": key.id,
            "token_hash": digest,
            "role": key.role.value,
            "merchant": key.merchant,
            "name": key.name,
            "created_at": key.created_at,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(api_keys), row)

    def find(self, digests: Sequence[bytes]) -> list[ApiKey | None]:
        """See the port."""
        with reading(self._engine) as connection:
            rows = connection.execute(_FIND, {"digests": list(set(digests))}).mappings().all()
        known = {row["token_hash"]: _key(row) for row in rows}
        return [known.get(digest) for digest in digests]

    def all(self) -> list[ApiKey]:
        """See the port."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)).mappings().all()
        return [_key(row) for row in rows]

    def revoke(self, key: str, at: int) -> ApiKey | None:
        """See the port."""
        condition = (api_keys.c.id == key) & api_keys.c.revoked_at.is_(None)
        with writing(self._engine) as connection:
            connection.execute(update(api_keys).where(condition).values(revoked_at=at))
            row = connection.execute(select(api_keys).where(api_keys.c.id == key)).mappings().first()
        return None if row is None else _key(row)


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        role=ApiRole(row["role"]),
        merchant=None if row["merchant"] is None else MerchantId(row["merchant"]),
        name=row["name"],
        created_at=UnixSeconds(row["created_at"]),
        revoked_at=None if row["revoked_at"] is None else UnixSeconds(row["revoked_at"]),
    )
