"""The real folder is written once for all tests of this directory."""

from pathlib import Path

import pytest

from node_api.loaders.completejourney.load import LoaderReport, load_completejourney
from node_api.services.import_folder import FaultReport, ImportFolder, check_folder


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LoaderReport]:
    out = tmp_path_factory.mktemp("journey")
    return out, load_completejourney(out)


@pytest.fixture(scope="session")
def real(journey: tuple[Path, LoaderReport]) -> ImportFolder:
    found = check_folder(journey[0])
    assert not isinstance(found, FaultReport), found.faults[:3]
    return found
