"""Processes that end with who started them.

start → killed with its parent, also where the parent died before the kernel had been told
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chain.conftest import wait_until

_PARENT = """
import os, signal, sys, time
from pathlib import Path
from node_api.chain import apart

folder, tell = Path(sys.argv[1]), apart._end_with_parent

def told(number, parent):
    (folder / "new").write_text(str(os.getpid()))
    (folder / "new").rename(folder / "pid")
    time.sleep(float(sys.argv[2]))
    tell(number, parent)

apart._end_with_parent = told
apart.start_apart(["sleep", "60"], folder / "log", ends_by=signal.SIGKILL)
(folder / "started").touch()
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no kernel sees to it")
@pytest.mark.parametrize(("late", "mark"), [(0.0, "started"), (0.5, "pid")], ids=["told", "not told yet"])
def test_start__when_its_parent_is_killed__ends_too(tmp_path: Path, late: float, mark: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path), str(late)])
    wait_until((tmp_path / mark).exists)
    parent.kill()
    parent.wait()
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    """Whether it does more than wait for whoever inherited it to take note of its end."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
