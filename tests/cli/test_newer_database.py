"""A database of a newer release: every command that opens it ends with exit code 1, and says what can be done.

DatabaseNewer
├── for programs ... one line of JSON
└── for people ..... the same, without a traceback
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from node_api.chain.keys import KeyRing
from node_api.storage.engine import open_database, writing
from node_api.storage.migrate import migrate
from tests.world import CHAIN_ID, World

COMMANDS = [
    "api-keys list",
    "audit reconcile",
    "claims rounds 1",
    "index status",
    "merchants list",
    "rules show 1",
    "serve --port 0",
    "webhooks list",
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a node with contracts, keys, and a database that a newer release wrote to."""
    folder = tmp_path_factory.mktemp("newer")
    keys = KeyRing(folder / "keys")
    keys.create_missing()
    world = World(folder / "chain", keys).start()  # type: ignore[arg-type]
    engine = open_database(f"sqlite:///{folder / 'node.sqlite'}")
    migrate(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    yield {
        **os.environ,
        "COLUMNS": "1000",
        "VOUCHERTRAIL_DATA": str(folder),
        "VOUCHERTRAIL_CHAIN_URL": world.rpc.url,
        "VOUCHERTRAIL_CHAIN_ID": str(CHAIN_ID),
        "VOUCHERTRAIL_DATABASE": f"sqlite:///{folder / 'node.sqlite'}",
        "VOUCHERTRAIL_DEPLOYMENTS": str(world.folder / "deployments"),
    }
    world.stop()


def run(environment: dict[str, str], *arguments: str, handed: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "node_api", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, pass_fds=handed)


def is_refused(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert told["error"] == "DatabaseNewer"
    assert told["message"].startswith("the database has revision 9999, this release knows up to ")
    assert "; what to do: run the release that wrote to it" in told["message"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_command__when_the_database_is_newer__then_said_to_programs(environment: dict[str, str], command: str) -> None:
    is_refused(run(environment, *command.split(), "--json"))


def test_observe__when_the_database_is_newer__then_said_to_programs(
    environment: dict[str, str], tmp_path: Path
) -> None:
    is_refused(run(environment, "observe", "--port", "0", "--data", str(tmp_path), "--json"))


def test_intake__when_the_database_is_newer__then_said_to_programs(environment: dict[str, str]) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        end = theirs.fileno()
        given = ("--listener", str(end), "--channel", str(end), "--socket", "unused", "--json")
        is_refused(run(environment, "intake", *given, handed=(end,)))


def test_command__when_the_database_is_newer__then_said_to_people(environment: dict[str, str]) -> None:
    done = run(environment, "api-keys", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "DatabaseNewer: the database has revision 9999" in done.stderr
    assert "Traceback" not in done.stderr
