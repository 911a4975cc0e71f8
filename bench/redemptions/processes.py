"""What processes of this machine use: CPU seconds and memory, by /proc."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20


def cpu_seconds(processes: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds each process has used since it started, in the kernel and out of it."""
    return {name: _cpu(pid) for name, pid in processes.items()}


def memory_mib(processes: Mapping[str, int]) -> dict[str, int]:
    """Resident memory of each process."""
    return {name: _resident(pid) // _MIB for name, pid in processes.items()}


def machine() -> dict[str, str | int | list[float]]:
    """What the figures were measured on, and how busy it was before."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = {line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")}
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": ", ".join(sorted(models)) or "unknown",
        "cores": os.cpu_count() or 1,
        "memory_mib": pages // _MIB,
        "kernel": os.uname().release,
        "load_before": [round(value, 2) for value in os.getloadavg()],
    }


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime: fields 14 and 15 of the line


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")
