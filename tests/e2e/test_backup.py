"""Backups: the drill, and what is refused.

a backup taken while the node works
├── restored elsewhere ............ chain, index, deployments, API keys as they were; the index equals a rebuild; it serves
├── restored without the key files . they are named
├── with another one, or no password  it is named, the wallet's master too
├── with an embedded chain ........ says above which block nothing that was told stands
├── of a release before fingerprints  is restored; it says for which files another one is not noticed
└── restored where a node is ...... refused, nothing is written over
a backup with a changed, a missing or an added path, or cut off → refused
a folder that is not empty → refused

a restore that is cut off
├── killed before any of its changes, SQLite and PostgreSQL .. no half node; the same again does it all
├── killed while pg_restore works, which ends well or not .... likewise
├── without room for any of the files ........................ told so, nothing is left; the same again does it all
└── killed, and then another backup .......................... nothing of the first is left
a backup that is cut off
├── killed before any of its changes ......................... it is no backup; the same again takes one
└── without room for any of the files ........................ told so, nothing is left; the same again takes one
what others put into a folder, a place, or beside it, or are at just now → refused, nothing is touched
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from node_api.cli.api_keys import keyring
from node_api.domain.access import ApiRole
from node_api.safekeeping import MANIFEST, RESTORING, TAKING
from node_api.storage.backup import is_empty, newest_indexed
from node_api.storage.engine import open_database
from tests.e2e.cut_off import Commands, commands
from tests.e2e.town import BEFORE_ANYTHING, FOLDER, Json, Town, open_street, town

KINDS = ("sqlite", "postgresql")
BackedUp = tuple[Town, Path, str]


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    """A town with programmes, vouchers and a subscriber, a backup taken while its node served, and a token of before."""
    folder = tmp_path_factory.mktemp("drill")
    with town(folder / "data") as place:
        place.run("load", FOLDER)
        with keyring(place.settings) as ring:
            token = ring.create(ApiRole.AUDITOR, "before")[1]
        place.run("webhooks", "put", "till", "https://till.example/")
        with open_street(place):
            place.run("backup", "take", folder / "backup")
        yield place, folder / "backup", token


def test_drill__restored_elsewhere__is_the_same_node(backed_up: BackedUp, tmp_path: Path) -> None:
    place, backup, token = backed_up
    assert place.told("backup", "check", backup)["chain_block"] == place.head()
    before = place.told("index", "status"), place.told("audit", "reconcile")
    other = Town(tmp_path / "data")
    shutil.copytree(place.settings.keys_folder, other.settings.keys_folder)
    try:
        assert other.told("backup", "restore", backup)["missing_keys"] == []
        assert other.told("index", "verify")["equal"] is True
        assert (other.told("index", "status"), other.told("audit", "reconcile")) == before
        assert other.head() == place.head()
        assert other.told("deploy")["sent"] == []
        with open_street(other) as street:
            client = street.client(ApiRole.OPERATOR)
            assert client.get("/readyz").json() == {"ready": True, "faults": {}}
            answer = client.get("/v1/programmes", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200
        other.run("backup", "restore", backup, exit_code=1)
    finally:
        other.stop()


def test_restore__without_the_key_files__names_them(backed_up: BackedUp, tmp_path: Path) -> None:
    _, backup, _ = backed_up

    told = Town(tmp_path / "data").told("backup", "restore", backup)

    assert {"operator", "treasurer", "wallet-master", "webhooks.key"} <= set(told["missing_keys"])
    assert not list(backup.rglob("*operator*"))


@pytest.fixture
def other(backed_up: BackedUp, tmp_path: Path) -> Town:
    """A place for a node, with copies of the key files."""
    shutil.copytree(backed_up[0].settings.keys_folder, tmp_path / "data" / "keys")
    return Town(tmp_path / "data")


def test_restore__with_another_key_file__names_it(backed_up: BackedUp, other: Town) -> None:
    _, backup, _ = backed_up
    anew = ("wallet-master", "auditor")
    for role in anew:
        (other.settings.keys_folder / f"{role}.json").unlink()
    other.run("keys", "create", *anew)

    (other.settings.keys_folder / "webhooks.key").write_text("00" * 32)

    assert set(other.told("backup", "restore", backup)["missing_keys"]) == {*anew, "webhooks.key"}
    assert other.told("webhooks", "put", "shop", "https://shop.example/", exit_code=4)["error"] == "WebhookKeyUnfit"
    (other.settings.keys_folder / "webhooks.key").unlink()
    assert "webhooks.key is missing here" in other.run("webhooks", "list").output
    other.run("webhooks", "rotate", "till", exit_code=4)
    assert not (other.settings.keys_folder / "webhooks.key").exists()


def test_restore__of_an_embedded_chain__says_above_which_block_nothing_stands(backed_up: BackedUp, other: Town) -> None:
    place, backup, _ = backed_up
    assert (
        f"told of blocks above {place.head()} does not stand any more" in other.run("backup", "restore", backup).output
    )


def test_restore__without_the_password__names_what_does_not_open(backed_up: BackedUp, other: Town) -> None:
    (other.settings.keys_folder / "password").unlink()

    assert other.told("backup", "restore", backed_up[1])["missing_keys"] == ["wallet-master"]


def test_restore__of_a_backup_without_fingerprints__says_so(backed_up: BackedUp, other: Town, tmp_path: Path) -> None:
    older = shutil.copytree(backed_up[1], tmp_path / "older")
    manifest = json.loads((older / MANIFEST).read_text())
    manifest["keys"]["wallet-master"] = ""
    (older / MANIFEST).write_text(json.dumps(manifest))

    said = other.run("backup", "restore", older).output
    assert "another one in their place is not noticed: wallet-master" in said
    assert "put these key files" not in said


def test_take__into_a_folder_with_something_in_it__is_refused(backed_up: BackedUp) -> None:
    place, backup, _ = backed_up

    assert "not empty" in place.told("backup", "take", backup, exit_code=1)["message"]


def changed(folder: Path) -> None:
    with (folder / "database.sqlite").open("r+b") as file:
        file.seek(5_000)
        file.write(b"!")


def missing(folder: Path) -> None:
    (folder / "chain" / "identity.json").unlink()


def cut_off(folder: Path) -> None:
    (folder / "backup.json").unlink()


def leading_out(folder: Path) -> None:
    manifest = json.loads((folder / "backup.json").read_text())
    manifest["files"]["../../etc/hostname"] = "0" * 64
    (folder / "backup.json").write_text(json.dumps(manifest))


def of_a_later_form(folder: Path) -> None:
    manifest = json.loads((folder / "backup.json").read_text())
    (folder / "backup.json").write_text(json.dumps(manifest | {"format": 2}))


@pytest.mark.parametrize("spoil", [changed, missing, cut_off, leading_out, of_a_later_form])
def test_backup__that_is_not_whole__is_refused(
    backed_up: BackedUp, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    shutil.copytree(backed_up[1], tmp_path / "backup")
    spoil(tmp_path / "backup")

    for command in ("check", "restore"):
        said = Town(tmp_path / "data").run("backup", command, tmp_path / "backup", exit_code=1).output
        assert "BackupFault" in said
    assert not (tmp_path / "data" / "node.sqlite").exists()


class Node:
    """A node's folder and database, and commands on them in processes of their own."""

    def __init__(self, programs: Commands, data: Path, database: str | None) -> None:
        self.data, self.database, self._programs = data, database, programs
        self.env = {"VOUCHERTRAIL_DATA": str(data), "VOUCHERTRAIL_CHAIN_GENESIS_AT": str(BEFORE_ANYTHING)}
        if database is not None:
            self.env["VOUCHERTRAIL_DATABASE"] = database

    def run(self, *arguments: str | Path, kill_before: int = 0, most_bytes: int = -1) -> tuple[int, Json]:
        """Exit code of a command, minus the signal that killed it, and what it told; see `Commands.run`."""
        line = [*map(str, arguments), "--json"]
        exit_code, output = self._programs.run(self.env, line, kill_before, most_bytes)
        return exit_code, json.loads(output.splitlines()[-1]) if output.startswith("{") else {"message": output}

    def done(self, *arguments: str | Path) -> Json:
        """What a command told that came to its end."""
        exit_code, told = self.run(*arguments)
        assert exit_code == 0, told
        return told

    def stands(self, backup: Path) -> list[bool]:
        """Whether database, chain and deployments are there. Each is as in the backup, or not there at all."""
        places = {"chain": self.data / "chain", "deployments": self.data / "deployments"}
        if self.database is None:
            places = {"database.sqlite": self.data / "node.sqlite"} | places
        for name, place in places.items():
            assert contents(place) in ({}, contents(backup / name))
        found = [place.exists() for place in places.values()]
        return found if self.database is None else [self._is_filled(backup), *found]

    def _is_filled(self, backup: Path) -> bool:
        assert self.database is not None
        if is_empty(self.database):
            return False
        assert newest_indexed(self.database) == json.loads((backup / MANIFEST).read_text())["index_block"]
        return True

    def require_whole(self, backup: Path) -> None:
        """Nothing is missing, and nothing of the way there is left."""
        assert self.stands(backup) == [True] * 3
        kept = {"chain", "deployments"} | ({"node.sqlite"} if self.database is None else set())
        assert {path.name for path in self.data.iterdir()} == kept


MakeNode = Callable[[str], Node]


@pytest.fixture(scope="module")
def programs() -> Iterator[Commands]:
    with commands() as started:
        yield started


@pytest.fixture
def make_node(programs: Commands, request: pytest.FixtureRequest, tmp_path: Path) -> MakeNode:
    """Makes nodes that are none yet, with a database of the kind."""
    numbers = itertools.count()

    def make(kind: str) -> Node:
        database = None if kind == "sqlite" else request.getfixturevalue("postgres")()
        return Node(programs, tmp_path / f"data-{next(numbers)}", database)

    return make


@pytest.fixture(scope="module")
def on_server(
    programs: Commands, backed_up: BackedUp, postgres: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A backup of the same town, whose index is in a PostgreSQL."""
    folder = tmp_path_factory.mktemp("on_server") / "backup"
    node = Node(programs, backed_up[0].data, postgres())
    node.done("index", "follow")
    node.done("backup", "take", folder)
    return folder


def contents(top: Path) -> dict[str, bytes]:
    """Every file of a folder, or the file, by its path from there."""
    return {str(path.relative_to(top)): path.read_bytes() for path in (top, *top.rglob("*")) if path.is_file()}


def too_small(backup: Path) -> list[int]:
    """A byte less than each of its files has that has any."""
    sizes = {path.stat().st_size for path in backup.rglob("*") if path.is_file() and path.name != MANIFEST}
    return sorted(size - 1 for size in sizes if size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_restore__killed_before_any_change__the_same_again_does_it_all(
    backed_up: BackedUp, make_node: MakeNode, request: pytest.FixtureRequest, kind: str
) -> None:
    backup = backed_up[1] if kind == "sqlite" else request.getfixturevalue("on_server")
    halfway, killed = set(), make_node(kind)
    for step in itertools.count(1):
        node = make_node(kind)
        exit_code, told = node.run("backup", "restore", backup, kill_before=step)
        if exit_code == 0:
            break
        assert exit_code == -signal.SIGKILL, told
        found = node.stands(backup)
        halfway.add(tuple(found))
        if not found[-1]:
            assert node.run("index", "status")[1]["error"] == "NotDeployed"
        for _ in range(2 if kind == "sqlite" else 1):  # the second time there is nothing to do
            node.done("backup", "restore", backup)
            node.require_whole(backup)
        killed = node
    assert halfway == {(False,) * 3, (True, False, False), (True, True, False), (True,) * 3}
    shutil.copytree(backed_up[0].settings.keys_folder, killed.data / "keys")
    try:
        assert killed.done("index", "verify")["equal"] is True
        assert killed.done("audit", "reconcile")["equal"] is True
    finally:
        Town(killed.data).stop()


@pytest.mark.slow
@pytest.mark.parametrize("ends_well", [True, False])
def test_restore__killed_while_pg_restore_works__the_same_again_does_it_all(
    on_server: Path, make_node: MakeNode, ends_well: bool
) -> None:
    node = make_node("postgresql")
    assert node.database is not None
    engine = open_database(node.database, connections=2)
    working = text("SELECT pid FROM pg_stat_activity WHERE application_name = 'vouchertrail pg_restore'")
    with closing(engine.connect()) as admin, closing(engine.connect()) as holding:
        holding.execute(text("CREATE TABLE alembic_version (nothing int)"))  # pg_restore waits for its end
        line = [sys.executable, "-m", "node_api", "backup", "restore", str(on_server)]
        with subprocess.Popen(line, env=os.environ | node.env) as process:
            deadline = time.monotonic() + 60
            while not (found := admin.execute(working).scalars().all()):
                assert time.monotonic() < deadline
                admin.rollback()
                time.sleep(0.02)
            process.kill()
        if not ends_well:
            admin.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": found[0]})
        holding.rollback()
        node.done("backup", "restore", on_server)
    engine.dispose()
    node.require_whole(on_server)


def test_restore__without_room_for_a_file__leaves_nothing_and_begins_anew(
    backed_up: BackedUp, make_node: MakeNode
) -> None:
    backup = backed_up[1]
    for most_bytes in too_small(backup):
        node = make_node("sqlite")
        exit_code, told = node.run("backup", "restore", backup, most_bytes=most_bytes)
        assert exit_code == 1
        assert told["message"].startswith("[Errno 27] File too large: ")
        assert "it begins anew" in told["message"]
        assert list(node.data.iterdir()) == []
        node.done("backup", "restore", backup)
        node.require_whole(backup)


def test_restore__after_a_killed_one_of_another_backup__leaves_nothing_of_that(
    backed_up: BackedUp, make_node: MakeNode, tmp_path: Path
) -> None:
    other = shutil.copytree(backed_up[1], tmp_path / "other")
    told = json.loads((other / MANIFEST).read_text())
    (other / MANIFEST).write_text(json.dumps(told | {"taken_at": 1}))
    for step in (6, 12):
        node = make_node("sqlite")
        assert node.run("backup", "restore", backed_up[1], kill_before=step)[0] == -signal.SIGKILL
        assert (node.data / RESTORING).stat().st_size == 64
        assert any(path.name.endswith(".restoring") and path.name != RESTORING for path in node.data.iterdir())
        before = contents(node.data)
        for begins in (("deploy",), ("chain", "start"), ("serve", "--port", "0")):
            exit_code, told = node.run(*begins)
            assert exit_code != 0, told
        assert node.run("deploy")[1]["error"] == "RestoreUnfinished"
        assert contents(node.data) == before
        node.done("backup", "restore", other)
        node.require_whole(other)


@pytest.fixture
def still(backed_up: BackedUp, make_node: MakeNode) -> Node:
    """A node whose chain does not run."""
    node = make_node("sqlite")
    node.done("backup", "restore", backed_up[1])
    return node


def test_take__killed_before_any_change__the_same_again_takes_one(still: Node, tmp_path: Path) -> None:
    for step in itertools.count(1):
        folder = tmp_path / f"backup-{step}"
        exit_code, told = still.run("backup", "take", folder, kill_before=step)
        if exit_code == 0:
            break
        assert exit_code == -signal.SIGKILL, told
        assert still.run("backup", "check", folder)[0] == 1
        still.done("backup", "take", folder)
        assert {path.name for path in folder.iterdir()} == {MANIFEST, "database.sqlite", "chain", "deployments"}
        assert still.done("backup", "check", folder)["chain_block"] is not None
    assert step > len(told["files"])


def test_take__without_room_for_a_file__leaves_nothing_and_begins_anew(
    still: Node, backed_up: BackedUp, tmp_path: Path
) -> None:
    for most_bytes in too_small(backed_up[1]):
        folder = tmp_path / f"backup-{most_bytes}"
        exit_code, told = still.run("backup", "take", folder, most_bytes=most_bytes)
        assert exit_code == 1
        assert told["error"] == "CopyFailed" or "it begins anew" in told["message"]
        assert list(folder.iterdir()) == []
        still.done("backup", "take", folder)
        still.done("backup", "check", folder)


FOREIGN = {
    "node.sqlite": "written over",
    "node.sqlite-wal": "written over",
    "node.sqlite.restoring": "in the way",
    "chain/blocks-000000000000.jsonl": "written over",
    "chain.restoring/theirs": "in the way",
    "deployments/theirs": "written over",
}
"""What others may have put into the data folder."""


@pytest.mark.parametrize("name", FOREIGN)
def test_restore__where_others_put_something__touches_nothing(
    backed_up: BackedUp, make_node: MakeNode, name: str
) -> None:
    node = make_node("sqlite")
    (node.data / name).parent.mkdir(parents=True)
    (node.data / name).write_bytes(b"")
    exit_code, told = node.run("backup", "restore", backed_up[1])
    assert exit_code == 1
    assert FOREIGN[name] in told["message"]
    assert contents(node.data) == {name: b""}


@pytest.mark.parametrize("names", [("theirs",), ("chain/theirs",), (TAKING, "theirs"), (TAKING, MANIFEST)])
def test_take__where_others_put_something__touches_nothing(still: Node, tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / "backup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "backup" / name).write_bytes(b"")
    exit_code, told = still.run("backup", "take", tmp_path / "backup")
    assert exit_code == 1
    assert "not empty" in told["message"]
    assert contents(tmp_path / "backup") == dict.fromkeys(names, b"")


def test_both__while_another_process_is_at_it__are_refused(
    still: Node, backed_up: BackedUp, make_node: MakeNode, tmp_path: Path
) -> None:
    node, folder = make_node("sqlite"), tmp_path / "backup"
    for command, who, where, mark in (
        ("take", still, folder, folder / TAKING),
        ("restore", node, backed_up[1], node.data / RESTORING),
    ):
        mark.parent.mkdir()
        with mark.open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            exit_code, told = who.run("backup", command, where)
        assert exit_code == 1
        assert "another process is at it" in told["message"]
        assert list(mark.parent.iterdir()) == [mark]
        who.done("backup", command, where)
