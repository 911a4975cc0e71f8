"""forge runs in the background, at low priority, while the Python tests run; the tests of what it says come last."""

import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).resolve().parents[2]
LCOV = ROOT / "build" / "coverage" / "contracts.lcov"
MACHINE_REPORTS = ROOT / "build"

# In this order, by the fixture that has the result.
COMMANDS = {
    "forge_test": ["forge", "test", "--json"],
    # Measures and state machine reach no line that the other tests do not, and are as much again to compile.
    "forge_coverage": [
        *("env", "FOUNDRY_PROFILE=coverage"),
        *("forge", "coverage", "--ir-minimum", "--report", "lcov", "--report-file", str(LCOV)),
        *("--skip", "tests/contracts/gas/*", "--skip", "tests/contracts/invariants/*"),
    ],
}


@dataclass(frozen=True, slots=True)
class Background:
    """The process that runs forge, and the folder of its output."""

    process: "subprocess.Popen[bytes]"
    folder: "TemporaryDirectory[str]"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of forge left."""

    code: int
    out: str
    err: str


BACKGROUND = pytest.StashKey[Background]()


@pytest.fixture(scope="session")
def forge_test(pytestconfig: pytest.Config) -> Done:
    """All Solidity tests; their results as JSON."""
    return await_run(pytestconfig, "forge_test")


@pytest.fixture(scope="session")
def forge_coverage(pytestconfig: pytest.Config) -> Done:
    """The lines they reach, in the file LCOV."""
    return await_run(pytestconfig, "forge_coverage")


def await_run(config: pytest.Config, name: str) -> Done:
    """Waits for a run that {pytest_collection_finish} started; pytest's limit of time is this wait's, too."""
    background = config.stash[BACKGROUND]
    code, out, err = (Path(background.folder.name, f"{name}.{kind}") for kind in ("code", "out", "err"))
    while not code.exists() and background.process.poll() is None:
        time.sleep(0.1)
    assert code.exists(), f"{name} was ended from outside:\n{err.read_text()[-4000:]}"
    return Done(int(code.read_text()), out.read_text(), err.read_text())


def wanted_runs(item: pytest.Item) -> set[str]:
    return COMMANDS.keys() & set(getattr(item, "fixturenames", ()))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: bool(wanted_runs(item)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Starts the runs that selected tests want, one after the other, in a process group of their own."""
    wanted = {name for item in session.items for name in wanted_runs(item)}
    if not wanted or session.config.getoption("collectonly"):
        return
    LCOV.parent.mkdir(parents=True, exist_ok=True)
    for left_over in (*MACHINE_REPORTS.glob("machine-*.txt"), LCOV):
        left_over.unlink(missing_ok=True)
    folder = TemporaryDirectory(prefix="forge-")
    script = "\n".join(
        f"{shlex.join(command)} >{to}.out 2>{to}.err; echo $? >{to}.ended; mv {to}.ended {to}.code"
        for name, command in COMMANDS.items()
        for to in [shlex.quote(f"{folder.name}/{name}")]
        if name in wanted
    )
    process = subprocess.Popen(["nice", "-n", "10", "sh", "-c", script], cwd=ROOT, start_new_session=True)
    session.config.stash[BACKGROUND] = Background(process, folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves nothing running, however the tests ended."""
    background = config.stash.get(BACKGROUND, None)
    if background is None:
        return
    if background.process.poll() is None:
        os.killpg(background.process.pid, signal.SIGKILL)
        background.process.wait()
    background.folder.cleanup()
