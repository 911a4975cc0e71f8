"""A throw-away PostgreSQL server, for tests and the fault simulator: fsync off, one folder, gone afterwards."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from node_api.chain.anvil import free_port
from node_api.storage.engine import open_database

_START_SECONDS = 60


class PostgresServer:
    """Runs in its folder until it is stopped."""

    def __init__(self, home: Path, initdb: Path) -> None:
        """Makes the cluster; starts nothing."""
        self._home, self._port = home, free_port()
        self._as_user = _as_somebody(home)
        self._control = [*self._as_user, str(initdb.with_name("pg_ctl")), "-D", str(home / "data"), "-w"]
        self._made = itertools.count()
        _run([*self._as_user, str(initdb), "-D", str(home / "data"), "-U", "tester", "-A", "trust", "--no-sync"])

    def start(self) -> None:
        """Starts it; after a kill, once its last processes are gone."""
        listen = (
            f"-F -k {self._home} -p {self._port} -c listen_addresses=127.0.0.1"  # as it comes: 100 connections at most
        )
        command = [*self._control, "-o", listen, "-l", str(self._home / "log"), "start"]
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                _run(command)
            except ChildProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def create(self, like: str | None = None) -> str:
        """Makes an empty database, or a copy of one of its own that nobody is connected to, and gives its URL."""
        name = f"test_{next(self._made)}"
        template = "template1" if like is None else like.rpartition("/")[2]
        admin = open_database(self._url("postgres")).execution_options(isolation_level="AUTOCOMMIT")
        try:
            with admin.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        finally:
            admin.dispose()
        return self._url(name)

    def kill(self) -> None:
        """SIGKILL to the postmaster; its children end by themselves."""
        pid = int((self._home / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stops it at once."""
        _run([*self._control, "-m", "immediate", "stop"])

    def demote(self) -> None:
        """Starts it anew as a standby: it answers reads, and takes nothing."""
        self.stop()
        subprocess.run([*self._as_user, "touch", str(self._home / "data" / "standby.signal")], check=True, cwd="/")
        self.start()

    def promote(self) -> None:
        """Ends its being a standby."""
        _run([*self._control, "promote"])

    def _url(self, name: str) -> str:
        return f"postgresql://tester@127.0.0.1:{self._port}/{name}"


def find_initdb() -> Path | None:
    """PostgreSQL's `initdb`, where its server is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = programs[-1] if programs else Path(shutil.which("initdb") or "")
    return initdb if initdb.is_file() else None


@contextmanager
def postgres_server(initdb: Path) -> Iterator[PostgresServer]:
    """A server that runs, in a folder of its own."""
    home = Path(tempfile.mkdtemp(prefix="vouchertrail-pg-"))
    try:
        server = PostgresServer(home, initdb)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _as_somebody(home: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(home, "nobody")
    return ["runuser", "-u", "nobody", "--"]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise ChildProcessError(f"{command[-1]}: {done.stdout}{done.stderr}")
