"""Backups: the drill, and what is refused.

a backup taken while the node works
├── restored elsewhere ............ chain, index, deployments, API keys as they were; the index equals a rebuild; it serves
├── restored without the key files . they are named
└── restored where a node is ...... refused, nothing is written over
a backup with a changed, a missing or an added path, or cut off → refused
a folder that is not empty → refused
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node_api.cli.api_keys import keyring
from node_api.domain.access import ApiRole
from tests.e2e.town import FOLDER, Town, open_street, town


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Path, str]]:
    """A town with its programmes and vouchers, a backup of it taken while its node served, and a token that was made before."""
    folder = tmp_path_factory.mktemp("drill")
    with town(folder / "data") as place:
        place.run("load", FOLDER)
        with keyring(place.settings) as ring:
            token = ring.create(ApiRole.AUDITOR, "before")[1]
        with open_street(place):
            place.run("backup", "take", folder / "backup")
        yield place, folder / "backup", token


def test_drill__restored_elsewhere__is_the_same_node(backed_up: tuple[Town, Path, str], tmp_path: Path) -> None:
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


def test_restore__without_the_key_files__names_them(backed_up: tuple[Town, Path, str], tmp_path: Path) -> None:
    _, backup, _ = backed_up

    told = Town(tmp_path / "data").told("backup", "restore", backup)

    assert {"operator", "treasurer", "wallet-master"} <= set(told["missing_keys"])
    assert not list(backup.rglob("*operator*"))


def test_take__into_a_folder_with_something_in_it__is_refused(backed_up: tuple[Town, Path, str]) -> None:
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
    backed_up: tuple[Town, Path, str], tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    shutil.copytree(backed_up[1], tmp_path / "backup")
    spoil(tmp_path / "backup")

    for command in ("check", "restore"):
        said = Town(tmp_path / "data").run("backup", command, tmp_path / "backup", exit_code=1).output
        assert "BackupFault" in said
    assert not (tmp_path / "data" / "node.sqlite").exists()
