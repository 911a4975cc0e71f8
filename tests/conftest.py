"""What every test run needs: ape's plugin only under `ape test`, ordinary tests only under pytest."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from node_api.logs import configure_logs
from tests import on_network

UNDER_APE = Path(sys.argv[0]).name == "ape"
APE_TESTS = Path(__file__).parent / "ape"
RESOURCES = ExitStack()
if "--on-network" in sys.argv:  # before any folder's conftest makes its worlds
    on_network.begin(RESOURCES)
LONGEST = tuple(Path(__file__).parent / name for name in ("e2e", "network", "tools"))
UNTRACED = tuple(Path(__file__).parent / name for name in ("e2e", "bench"))
NOTED = "test_acts.py", "test_validity.py"
"""Of these folders alone, for they run a thousand lines that no test elsewhere does."""
TRACED_BY = "COVERAGE_PROCESS_CONFIG"
"""Makes coverage note the lines of a process that a test starts, too."""

pytest_plugins = ["tests.forge"]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """ape registers its plugin with every pytest of the environment; it costs seconds and a chain of its own."""
    parser.addoption("--on-network", action="store_true", help="run the end-to-end tests that can on a network of geth")
    if not UNDER_APE:
        pluginmanager.set_blocked("ape_test")


def pytest_configure(config: pytest.Config) -> None:
    configure_logs(logging.WARNING)
    if UNDER_APE:
        config.addinivalue_line("filterwarnings", "default")  # ape's own warnings are not ours to fail on
    else:
        # ape, once imported, answers Ctrl-C with SystemExit, which fails the test at hand and goes on with the next.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    RESOURCES.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.option.on_network:
        terminalreporter.write_line("\n".join(on_network.lines()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first: so that the workers end together."""
    if config.option.on_network:
        on_network.choose(config, items)
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in LONGEST))
    for item in items:  # what they run is run by others, too; noting their lines would take half as long again
        if item.get_closest_marker("slow") and not _untraced(item):
            item.add_marker("no_cover")


def _untraced(item: pytest.Item) -> bool:
    return any(map(item.path.is_relative_to, UNTRACED)) and item.path.name not in NOTED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """The processes of tests that note no lines are started as users start them; whole folders' fixtures note none, either."""
    whole = _untraced(item)
    coverage = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None) if whole else None
    traced = os.environ.pop(TRACED_BY, None) if whole or item.get_closest_marker("no_cover") else None
    if coverage is not None:
        coverage.pause()
    try:
        return (yield)
    finally:
        if coverage is not None:
            coverage.resume()
        if traced is not None:
            os.environ[TRACED_BY] = traced


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    if not collection_path.is_file():
        return None
    return True if collection_path.is_relative_to(APE_TESTS) != UNDER_APE else None
