"""What this machine is, and what processes of it use: CPU seconds and memory, by /proc."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20
_EVERY = 0.5
_PROBE = """
import os, time
from coincurve import PrivateKey, PublicKey
digest = os.urandom(32)
signature = PrivateKey().sign_recoverable(digest, hasher=None)
began = time.perf_counter()
for _ in range(10_000):
    PublicKey.from_signature_and_message(signature, digest, hasher=None)
print(100 * (time.perf_counter() - began))
"""
"""Microseconds of one recovery."""


class MemoryWatch:
    """The memory of processes over time: their own, without files that they have mapped."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        """Looks for the first time."""
        self._processes = processes
        self._seen: list[tuple[float, dict[str, int]]] = []
        self.look()

    def look(self) -> None:
        """Notes what each has now."""
        self._seen.append((time.perf_counter(), {name: _own(pid) for name, pid in self._processes.items()}))

    def slope(self, seconds: float) -> dict[str, float]:
        """MiB a minute by which each grew in the last so many seconds, by least squares; nothing where it was not seen twice."""
        last = [(at, seen) for at, seen in self._seen if at >= self._seen[-1][0] - seconds]
        if len(last) < 2:
            return {}
        minutes = [at / 60 for at, _ in last]
        return {
            name: statistics.linear_regression(minutes, [seen[name] / _MIB for _, seen in last]).slope
            for name in self._processes
        }


@contextmanager
def watched(processes: Mapping[str, int]) -> Iterator[MemoryWatch]:
    """Looks at the memory of processes twice a second, as long as the context lasts."""
    watch, over = MemoryWatch(processes), threading.Event()

    def watching() -> None:
        while not over.wait(_EVERY):
            watch.look()

    thread = threading.Thread(target=watching)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def cpu_seconds(processes: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds each process has used since it started, in the kernel and out of it."""
    return {name: _cpu(pid) for name, pid in processes.items()}


def children(pid: int) -> list[int]:
    """The processes that a process started and that have not ended, by their pids."""
    found = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [one for one in found if _parent(one) == pid]


def memory_mib(processes: Mapping[str, int]) -> dict[str, int]:
    """Resident memory of each process."""
    return {name: _resident(pid) // _MIB for name, pid in processes.items()}


def machine() -> dict[str, str | int | list[float]]:
    """What the figures were measured on, how busy it was before, and how fast it is.

    `recovery_us` tells figures of two machines apart: what the recovery of one signature takes on one core, and on all at once.
    """
    load, cores = [round(value, 2) for value in os.getloadavg()], os.cpu_count() or 1
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = {line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")}
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": ", ".join(sorted(models)) or "unknown",
        "cores": cores,
        "memory_mib": pages // _MIB,
        "kernel": os.uname().release,
        "load_before": load,
        "recovery_us": [round(_recovery_us(count), 1) for count in (1, cores)],
    }


def _recovery_us(processes: int) -> float:
    """Of so many processes at once, on average."""
    probe = [sys.executable, "-c", _PROBE]
    running = [subprocess.Popen(probe, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    return statistics.mean(float(one.communicate()[0]) for one in running)


def _cpu(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime: fields 14 and 15 of the line


def _parent(pid: int) -> int | None:
    try:
        state, parent = _fields(pid)[:2]
    except OSError:  # it has ended meanwhile
        return None
    return None if state == "Z" else int(parent)


def _fields(pid: int) -> list[str]:
    """What the kernel says of a process, from its third field on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _own(pid: int) -> int:
    """Resident memory that no file stands behind."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("RssAnon:")[2].split(maxsplit=1)[0]) << 10
