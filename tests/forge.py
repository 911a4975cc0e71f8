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
LCOV = ROOT / "build" / "coverage" / "contracts.lcov"
MACHINE_REPORTS = ROOT / "build"

# In this order, by the fixture that has the result.
COMMANDS = {
    "forge_test": ["forge", "test", "--json"],
    # Measures and state machine reach no line that the other tests do not, and are as much again to compile.
    "forge_coverage": [
        *("env", "FOUNDRY_PROFILE=coverage", "COMPILED=true"),
        *("forge", "coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(LCOV)),
        *("--skip", "tests/contracts/gas/*", "--skip", "tests/contracts/invariants/*"),
    ],
}
# The test files that read what it says.
READERS = ("test_forge.py", "test_reach.py")
# A worker learns from the one that hands out the tests where the results will be.
FOLDER = "forge_folder"


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
        """Starts both runs, one after the other, in a process group of their own; nothing, where no test reads them."""
        files = {Path(test_id.partition("::")[0]).name for test_id in test_ids}
        if self.process is not None or not files.intersection(READERS):
            return
        LCOV.parent.mkdir(parents=True, exist_ok=True)
        for left_over in (*MACHINE_REPORTS.glob("machine-*.txt"), LCOV):
            left_over.unlink(missing_ok=True)
        script = "\n".join(
            f"{shlex.join(command)} >{to}.out 2>{to}.err; echo $? >{to}.ended; mv {to}.ended {to}.code"
            for name, command in COMMANDS.items()
            for to in [shlex.quote(f"{self.folder.name}/{name}")]
        )
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
    """All Solidity tests; their results as JSON."""
    return await_run(pytestconfig, "forge_test")


@pytest.fixture(scope="session")
def forge_coverage(pytestconfig: pytest.Config) -> Done:
    """The lines they reach, in the file LCOV."""
    return await_run(pytestconfig, "forge_coverage")


def await_run(config: pytest.Config, name: str) -> Done:
    """Waits for a run; pytest's limit of time is this wait's, too."""
    background = config.stash.get(BACKGROUND, None)
    folder = background.folder.name if background else config.workerinput[FOLDER]  # type: ignore[attr-defined]
    code, out, err = (Path(folder, f"{name}.{kind}") for kind in ("code", "out", "err"))
    while not code.exists():
        ended = background and background.process and background.process.poll() is not None
        assert not ended, f"{name} was ended from outside:\n{err.read_text()[-4000:]}"
        time.sleep(0.1)
    return Done(int(code.read_text()), out.read_text(), err.read_text())
