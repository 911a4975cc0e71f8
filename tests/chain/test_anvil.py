"""The anvil process itself, and what is left of one.

find → the named one, the one on PATH; nowhere → says where to get it
port → the wanted one where it is free, else another
start
├── its port → the wanted one where it is free, else one that the system gives to nobody
└── one that ends at once → told with its words
orphan → killed where it is this chain's own, never another process
"""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from node_api.chain import anvil
from node_api.chain.anvil import AnvilFailed, AnvilMissing, find_anvil, free_port, kill, kill_orphan, start_anvil
from node_api.chain.options import EmbeddedOptions


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    """An executable that says something and ends."""
    path = tmp_path / "bin" / "anvil"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho 'no room for a chain'\nexit 7\n")
    path.chmod(0o755)
    return path


def test_find__when_named_or_on_path__then_that_one(
    binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_anvil(binary) == binary
    monkeypatch.setattr(anvil, "_NPM_BINARY", Path("nowhere/anvil"))
    monkeypatch.setenv("PATH", str(binary.parent))
    assert find_anvil(None) == binary
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(AnvilMissing, match="npm ci"):
        find_anvil(None)


def test_port__when_wanted_and_free_or_taken__then_it_or_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        assert free_port(port) != port
    assert free_port(port) == port


def test_start__when_the_wanted_port_is_taken__then_at_one_that_no_connection_gets(
    chain_options: EmbeddedOptions,
) -> None:
    local = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest_given = int(local.read_text(encoding="utf-8").split()[0]) if local.exists() else 32_768
    chain_options.folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process, rpc = start_anvil(chain_options, 1, int(taken.getsockname()[1]))
        kill(process)
    port = urlsplit(rpc.url).port
    assert port is not None
    assert port < lowest_given
    process, again = start_anvil(chain_options, 1, port)
    kill(process)
    assert again.url == rpc.url


def test_start__when_it_ends_at_once__then_its_words(chain_options: EmbeddedOptions, binary: Path) -> None:
    chain_options.folder.mkdir()
    with pytest.raises(AnvilFailed, match=r"exit code 7\): no room for a chain"):
        start_anvil(replace(chain_options, anvil=binary), 1, None)


def test_orphan__when_it_is_this_chains__then_killed_and_never_another(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", "anvil", "--cache-path"]
    ours = subprocess.Popen([*sleeper, str(tmp_path / "cache")], stdout=subprocess.PIPE)
    other = subprocess.Popen([*sleeper, "/elsewhere/cache"], stdout=subprocess.PIPE)
    try:
        for process in (ours, other):  # its command line stands only once it runs
            assert process.stdout is not None
            process.stdout.readline()
        assert not kill_orphan(other.pid, tmp_path)
        assert other.poll() is None
        assert kill_orphan(ours.pid, tmp_path)
        assert ours.wait(5) == -9
        assert not kill_orphan(ours.pid, tmp_path)
    finally:
        for process in (ours, other):
            process.kill()
            process.communicate()
