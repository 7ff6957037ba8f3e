"""What this machine can give to runs, as far as it can be told: its cores, and memory that nobody uses."""

import os
from pathlib import Path

import psutil

SHARE = 0.5  # of the memory that is free; the rest is for what runs bring with them, and for others
CGROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cores() -> int:
    """Cores that this process may use: of the machine, or as many as its container was given."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    match _read("cpu.max").split():
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period):
            usable = min(usable, -(-int(quota) // int(period)))
        case _:
            pass
    return max(1, usable)


def free_memory() -> int:
    """Bytes that are free: of the machine, or of its container if that has less."""
    free = int(psutil.virtual_memory().available)
    most, used = _read("memory.max"), _read("memory.current")
    if most.isdigit() and used.isdigit():
        free = min(free, int(most) - int(used))
    return max(0, free)


def share() -> int:
    """Bytes of memory for runs where nobody says how many."""
    return int(free_memory() * SHARE)


def _read(name: str) -> str:
    """A file of this process's cgroup; nothing where there is none."""
    try:
        own = next((line[3:] for line in OWN.read_text().splitlines() if line.startswith("0::")), "/")
        return (CGROUPS / own.strip().lstrip("/") / name).read_text().strip()
    except OSError:
        return ""
