"""One programme of an import folder, open now.

open_today
├── the programme's rows, what they name and nothing else; no acts
├── all times moved by the same whole days, so that now lies in the middle
├── without faults, like the folder it comes from
└── no such programme → refused, nothing written
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node_api.loaders.open_today import NoSuchProgramme, open_today
from node_api.services.import_folder import ImportFolder, check_folder
from tests.folders import FOLDER

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
