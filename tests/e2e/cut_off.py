"""Commands that are cut off: killed before one of their changes of a file, or without room for files longer than so many bytes.

As a program it forks a process of the real command for each request that it reads, a line of JSON, and answers each with another:
commands are imported once.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect", "subprocess.Popen"}
"""Audit events of what changes files, beside `open` to write."""


class Commands:
    """The program, and what is asked of it."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program

    def run(
        self, env: Mapping[str, str], line: list[str], kill_before: int = 0, most_bytes: int = -1
    ) -> tuple[int, str]:
        """Exit code and output of a command; minus SIGKILL where it was killed.

        Args:
            env: beside the environment of this process.
            line: what follows `vouchertrail`.
            kill_before: the so many-th change of a file, from 1, does not come about any more; 0 for none.
            most_bytes: no file can be written that is longer; -1 for any length.
        """
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps([dict(env), line, kill_before, most_bytes]) + "\n")
        self._program.stdin.flush()
        exit_code, output = json.loads(self._program.stdout.readline())
        return int(exit_code), str(output)


@contextmanager
def commands() -> Iterator[Commands]:
    """Starts the program, and ends it."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-P", __file__], stdin=pipe, stdout=pipe, text=True) as program:
        yield Commands(program)


def _serve() -> None:
    import node_api.cli.audit
    import node_api.cli.backup
    import node_api.cli.index  # noqa: F401

    for request in sys.stdin:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            os.dup2(write, sys.stdout.fileno())
            os.dup2(write, sys.stderr.fileno())
            os.close(write)
            _run(*json.loads(request))
        os.close(write)
        with os.fdopen(read) as output:
            said = output.read()
        sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said]) + "\n")
        sys.stdout.flush()


def _run(env: dict[str, str], line: list[str], kill_before: int, most_bytes: int) -> None:
    """Runs a command; the process ends with it."""
    from node_api.__main__ import cli

    os.environ.update(env)
    if most_bytes >= 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    if kill_before:
        sys.addaudithook(_killer(kill_before))
    try:
        cli(line, prog_name="vouchertrail")
    except SystemExit as end:
        sys.stdout.flush()
        os._exit(
            end.code if isinstance(end.code, int) else 1
        )  # clearing up what was imported takes longer than most commands


def _killer(kill_before: int) -> Callable[[str, tuple[Any, ...]], None]:
    steps = itertools.count(1)

    def look(event: str, about: tuple[Any, ...]) -> None:
        writes = event == "open" and about[2] & (os.O_WRONLY | os.O_RDWR)
        if (writes or event in CHANGES) and next(steps) == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    return look


if __name__ == "__main__":
    _serve()
