"""Opening the database: SQLite (write-ahead log) by default, PostgreSQL by URL, the same code for both.

Reading transactions are snapshots, writing ones serialise: on SQLite by `BEGIN IMMEDIATE`, on PostgreSQL by the rows
they lock first.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InternalError, NotSupportedError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from node_api.domain.errors import StoreBusy, StoreUnavailable
from node_api.storage.turns import turn_of

_BUSY_SECONDS = 30
_WAIT_SECONDS = 10  # for a connection that others have
_FILE_CONNECTIONS = 50  # to a file; who waits for a block holds none meanwhile
_FILE_READERS = 4  # of these, kept open for reading
_FILES = "sqlite", "sqlite+pysqlite"
_SERVERS = "postgresql", "postgres", "postgresql+psycopg"
_CONNECT_SECONDS = 10  # for a server to answer
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4, "tcp_user_timeout": 30_000}
"""A server that is gone without a word (no power, a firewall) is noticed within half a minute, not after hours."""
_WRITES = "vouchertrail_writes"
_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "cache_size=-8192",  # KiB for each connection; the mapped file below is shared by all
    "mmap_size=268435456",
    "temp_store=MEMORY",
    "wal_autocheckpoint=8000",  # pages: after each checkpoint every connection maps the grown file anew
)
_SQLITE_CANNOT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Primary result codes of a database or disk that fails, not of a statement that is wrong."""
_SERVERS_FAULTS = OperationalError, InternalError, NotSupportedError
_ONLY_READS = "25006", "0A000"
"""SQLSTATEs of a server that takes nothing: a standby says the second where it is told that a transaction is to write."""
_FAILED_BEFORE = "25P02"
"""SQLSTATE of a transaction in which something failed already: what it was is told."""


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...
    def close(self) -> None: ...


class _SqliteConnection(Protocol):
    isolation_level: str | None
    in_transaction: bool

    def cursor(self) -> _Cursor: ...
    def execute(self, statement: str) -> object: ...


class _FilePool(QueuePool):
    """Connections to a file, of which some that were read with stay as SQLAlchemy has made them.

    To take a connection out and to put it back takes SQLAlchemy four times as long as SQLite takes for a row.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._readers: deque[Connection] = deque()

    def reader(self) -> Connection | None:
        """One that was kept; None where there is none."""
        try:
            return self._readers.pop()
        except IndexError:
            return None

    def keep(self, connection: Connection) -> None:
        """Ends what is read, and keeps the connection, where it is as it was at first and not too many are kept."""
        if connection.in_transaction():
            connection.rollback()
        driver = _sqlite(connection)
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        if connection.get_execution_options() or len(self._readers) >= _FILE_READERS:
            connection.close()
        else:
            self._readers.append(connection)

    def dispose(self) -> None:
        """Closes what is kept, too."""
        while (connection := self.reader()) is not None:
            connection.close()
        super().dispose()


def is_database_url(given: str) -> bool:
    """Whether `open_database` can be given it: a file of SQLite, or a PostgreSQL by a driver that is installed."""
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):  # what they say has parts of it
        return False
    if url.drivername in _FILES:
        return url.host is None and url.database not in (None, "", ":memory:")
    # An @ within the password would end it: the rest would be looked up as a host.
    if url.drivername not in _SERVERS or given.count("@") != int(url.username is not None):
        return False
    return set(url.query) <= _server_options()


def _server_options() -> set[str]:
    """What the query of a PostgreSQL's URL may name: the parameters of libpq, section 34.1.2 of its documentation."""
    from psycopg.pq import Conninfo  # most nodes keep a file in their folder

    return {option.keyword.decode() for option in Conninfo.get_defaults()}


def open_database(url: str, *, durable: bool = True, connections: int = 20) -> Engine:
    """An engine for the node's database; creates the folder of an SQLite file, and no tables.

    What the database cannot do now (no room, no connection, a broken disk) is raised as StoreUnavailable; where all of the
    engine's connections stay in use for ten seconds, StoreBusy is.

    Args:
        url: `sqlite:///path` or `postgresql+psycopg://…` (a plain `postgresql://` means the same).
        durable: on SQLite, whether a commit is on the disk when it returns. Without it a power cut, not a killed
            process, may lose the newest transactions: enough for what can be rebuilt from the chain.
        connections: most that the engine opens to a PostgreSQL.
    """
    address = make_url(url)
    engine = _file(address, durable) if address.get_backend_name() == "sqlite" else _server(address, connections)
    event.listen(engine, "handle_error", _as_unavailable)
    return engine


def _server(address: URL, connections: int) -> Engine:
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    return create_engine(
        address,
        connect_args={"connect_timeout": _CONNECT_SECONDS, **_ALIVE},
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_WAIT_SECONDS,
        hide_parameters=True,  # what a statement carried has no place in an error that is logged
    )


def _file(address: URL, durable: bool) -> Engine:
    if address.database and address.database != ":memory:":
        file = Path(address.database)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)  # the files SQLite puts beside it take its mode
    engine = create_engine(
        address,
        poolclass=_FilePool,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=_FILE_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_WAIT_SECONDS,
        hide_parameters=True,
    )

    def configure(connection: _SqliteConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
        cursor = connection.cursor()
        for pragma in (f"synchronous={'FULL' if durable else 'NORMAL'}", *_PRAGMAS):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif not (driver := _sqlite(connection)).in_transaction:
        driver.execute("BEGIN")


def _sqlite(connection: Connection) -> _SqliteConnection:
    return cast("_SqliteConnection", connection.connection.driver_connection)


def _as_unavailable(context: ExceptionContext) -> None:
    fault = context.original_exception
    if isinstance(fault, sqlite3.Error):
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _SQLITE_CANNOT:
            raise StoreUnavailable(f"the node's database: {fault}") from fault
    elif not context.is_pre_ping and isinstance(context.sqlalchemy_exception, _SERVERS_FAULTS):
        state = getattr(fault, "sqlstate", None)
        if state in _ONLY_READS:
            context.is_disconnect = True  # a session keeps what it began with
            raise StoreUnavailable("the node's database: it only reads, and takes nothing") from fault
        if state != _FAILED_BEFORE:
            raise _unavailable(fault) from fault


def _unavailable(fault: BaseException) -> StoreUnavailable:
    return StoreUnavailable(f"the node's database: {type(fault).__name__}")  # its text names host and user


def require_going(connection: Connection, fault: Exception) -> None:
    """Raises StoreUnavailable for what the driver raised where a server lives and has ended the transaction for it."""
    driver: Any = connection.connection.driver_connection
    dbapi = connection.dialect.loaded_dbapi
    if connection.dialect.name != "sqlite" and not driver.closed and isinstance(fault, dbapi.OperationalError):
        raise _unavailable(fault) from fault


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write: committed at the end, rolled back on any exception."""
    turn = turn_of(engine.url.database) if engine.dialect.name == "sqlite" else nullcontext()
    with turn, _connected(engine).execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database, whatever is written meanwhile."""
    pool = engine.pool
    if not isinstance(pool, _FilePool):
        with _connected(engine) as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
        return
    connection = pool.reader() or _connected(engine)
    try:
        # It looks at no file and cannot fail; through SQLAlchemy it takes as long as a read.
        _sqlite(connection).execute("BEGIN")
        yield connection
        pool.keep(connection)
    except BaseException:
        connection.close()
        raise


def _connected(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except PoolTimeout as fault:
        raise StoreBusy("no connection to the node's database became free") from fault
