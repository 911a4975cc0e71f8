"""forge runs in the background, at low priority, while the Python tests run; the tests of what it says come last.

The process that collects for all starts it: pytest itself, or with workers the one that hands out the tests.
"""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from xdist.workermanage import WorkerController

ROOT = Path(__file__).resolve().parents[1]
MACHINE_REPORTS = ROOT / "build"
COMMAND = ["forge", "test", "--json"]
# The test files that read what it says.
READERS = ("test_forge.py", "test_reach.py")
# A worker learns from the one that hands out the tests where the results will be.
FOLDER = "forge_folder"
RUN = "run"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of forge left."""

    code: int
    out: str
    err: str


class Background:
    """The folder of forge's output, and the process that runs forge once something wants it."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory(prefix="forge-")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, test_ids: Iterable[str]) -> None:
        """Starts it in a process group of its own; nothing, where no test reads what it says."""
        files = {Path(test_id.partition("::")[0]).name for test_id in test_ids}
        if self.process is not None or not files.intersection(READERS):
            return
        MACHINE_REPORTS.mkdir(exist_ok=True)
        for left_over in MACHINE_REPORTS.glob("machine-*.txt"):
            left_over.unlink()
        to = shlex.quote(f"{self.folder.name}/{RUN}")
        script = f"{shlex.join(COMMAND)} >{to}.out 2>{to}.err; echo $? >{to}.ended; mv {to}.ended {to}.code"
        self.process = subprocess.Popen(["nice", "-n", "10", "sh", "-c", script], cwd=ROOT, start_new_session=True)

    def stop(self) -> None:
        """Leaves nothing running, however the tests ended."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.folder.cleanup()


BACKGROUND = pytest.StashKey[Background]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[BACKGROUND] = Background()


def pytest_unconfigure(config: pytest.Config) -> None:
    if BACKGROUND in config.stash:
        config.stash[BACKGROUND].stop()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name in READERS)


def pytest_collection_finish(session: pytest.Session) -> None:
    if BACKGROUND in session.config.stash and not session.config.getoption("collectonly"):
        session.config.stash[BACKGROUND].start(item.nodeid for item in session.items)


def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput[FOLDER] = node.config.stash[BACKGROUND].folder.name


def pytest_xdist_node_collection_finished(node: WorkerController, ids: list[str]) -> None:
    node.config.stash[BACKGROUND].start(ids)


@pytest.fixture(scope="session")
def forge_test(pytestconfig: pytest.Config) -> Done:
    """All Solidity tests, their results as JSON. Waits for them; pytest's limit of time is this wait's, too."""
    background = pytestconfig.stash.get(BACKGROUND, None)
    folder = background.folder.name if background else pytestconfig.workerinput[FOLDER]  # type: ignore[attr-defined]
    code, out, err = (Path(folder, f"{RUN}.{kind}") for kind in ("code", "out", "err"))
    while not code.exists():
        ended = background and background.process and background.process.poll() is not None
        assert not ended, f"forge was ended from outside:\n{err.read_text()[-4000:]}"
        time.sleep(0.1)
    return Done(int(code.read_text()), out.read_text(), err.read_text())
