"""Runs the commands that README.md shows, so that they stay true.

    python -m tools.readme             runs every ```sh block, in order, stopping at the first command that fails
    python -m tools.readme --list      prints them

A command runs as a reader would type it, with the environment activated and SERVE=no: what would go on serving ends
after its report. `make test` is listed but not run: whoever runs this has just run it, or is about to.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN_ELSEWHERE = ("make test", "make check")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(markdown: str) -> list[str]:
    """Every command of the ```sh blocks, in order: continued lines joined, comments and empty lines dropped."""
    lines = (line for block in BLOCK.findall(markdown) for line in block.replace("\\\n", " ").splitlines())
    return [kept for line in lines if (kept := re.sub(r"(^|\s)#.*", "", line).strip())]


def run(command: str, data: Path) -> int:
    """Exit code of one command, run in the checkout with a data folder of its own."""
    paths = os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": paths, "SERVE": "no", "VOUCHERTRAIL_DATA": str(data)}
    environment.pop("MAKEFLAGS", None)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=ROOT, env=environment, check=False
    ).returncode


def main() -> int:
    """Runs or lists the commands; the exit code is that of the first one that failed."""
    parser = argparse.ArgumentParser(description="Run the commands that README.md shows.")
    parser.add_argument("--list", action="store_true", help="print the commands, run nothing")
    chosen = parser.parse_args()
    found = commands((ROOT / "README.md").read_text())
    with tempfile.TemporaryDirectory(prefix="readme-") as folder:
        for command in found:
            skipped = chosen.list or command in RUN_ELSEWHERE
            print(f"$ {command}" + ("    (run elsewhere)" if skipped and not chosen.list else ""), flush=True)
            if not skipped and (status := run(command, Path(folder) / "data")):
                print(f"README.md shows a command that ends with {status}: {command}", file=sys.stderr)
                return status
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
