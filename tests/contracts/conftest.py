"""forge runs in the background, at low priority, while the Python tests run; the tests of what it says come last."""

import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "build" / "forge" / "runs"
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
BACKGROUND = pytest.StashKey["subprocess.Popen[bytes]"]()


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of forge left."""

    code: int
    out: str
    err: str


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
    code, out, err = (RUNS / f"{name}.{kind}" for kind in ("code", "out", "err"))
    while not code.exists() and config.stash[BACKGROUND].poll() is None:
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
    RUNS.mkdir(parents=True, exist_ok=True)
    LCOV.parent.mkdir(parents=True, exist_ok=True)
    for left_over in (*RUNS.iterdir(), *MACHINE_REPORTS.glob("machine-*.txt"), LCOV):
        left_over.unlink(missing_ok=True)
    script = "\n".join(
        f"{shlex.join(command)} >{to}.out 2>{to}.err; echo $? >{to}.ended; mv {to}.ended {to}.code"
        for name, command in COMMANDS.items()
        for to in [shlex.quote(str(RUNS / name))]
        if name in wanted
    )
    command = ["nice", "-n", "10", "sh", "-c", script]
    session.config.stash[BACKGROUND] = subprocess.Popen(command, cwd=ROOT, start_new_session=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves nothing running, however the tests ended."""
    background = config.stash.get(BACKGROUND, None)
    if background is not None and background.poll() is None:
        os.killpg(background.pid, signal.SIGKILL)
        background.wait()
