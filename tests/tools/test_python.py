"""Which Python the environment is built with.

├── none named ............ one that fits, wherever it lies on the path
├── one named that fits ... that one
└── none on the path ...... what is wanted is said, and how to name one
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "python"
VERSION = "import sys; raise SystemExit(sys.version_info < (3, 11))"


def chosen(**environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if name != "PYTHON"} | environment
    return subprocess.run(["/bin/bash", TOOL], env=given, capture_output=True, text=True, check=False)


def test_python__none_named__is_one_that_fits() -> None:
    found = chosen()
    assert found.returncode == 0, found.stderr
    assert subprocess.run([found.stdout.strip(), "-c", VERSION], check=False).returncode == 0


def test_python__named__is_that_one(tmp_path: Path) -> None:
    named = tmp_path / "python-of-mine"
    named.symlink_to(sys.executable)
    assert chosen(PYTHON=str(named)).stdout.strip() == str(named)


def test_python__none_there__says_what_is_wanted(tmp_path: Path) -> None:
    found = chosen(PATH=str(tmp_path))
    assert found.returncode == 1
    assert "needs Python 3.11 or newer" in found.stderr
    assert "make PYTHON=" in found.stderr
