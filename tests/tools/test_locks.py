"""The lock files.

locks
├── name no registry and no folder
├── hash every package
└── the run lock is a subset of the development lock
"""

import json
import re
from pathlib import Path

import pytest

from tools.readme import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PINNED = re.compile(r"^([\w.-]+==\S+(?: ;.*?)?) \\$", re.MULTILINE)


@pytest.mark.parametrize("lock", [*LOCKS, ROOT / "package-lock.json"], ids=lambda lock: lock.name)
def test_lock__when_read__then_names_no_registry_and_no_folder(lock: Path) -> None:
    text = re.sub(
        r'"funding": [\[{].*?\n      [\]}]', "", lock.read_text(), flags=re.DOTALL
    )  # where a package's author takes donations
    assert not re.search(r"https?://|file:|resolved|--find-links|--index-url|\s/", text)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_lock__when_read__then_every_package_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"\n(?=\S)", lock.read_text().strip())
    packages = [block for block in blocks if not block.startswith("#")]
    assert packages
    assert [block for block in packages if "--hash=sha256:" not in block] == []


def test_npm_lock__when_read__then_every_package_has_a_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_run_lock__when_compared__then_is_a_subset_of_the_development_lock() -> None:
    run, development = (
        set(PINNED.findall((ROOT / "requirements" / f"{name}.lock").read_text())) for name in ("run", "dev")
    )
    versions = {entry.split(" ;")[0] for entry in development}
    assert len(run) > 50
    assert {entry.split(" ;")[0] for entry in run} <= versions
