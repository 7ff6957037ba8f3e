"""What processes take of a machine at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.soak.memory import proportional
from tests.soak.trend import Bound

MIB = 1 << 20
CGROUPS = Path("/sys/fs/cgroup")
SELF = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured, in `unit`."""

    name: str
    unit: str
    bound: Bound


MEASURES = (
    Measure("memory", "MiB", Bound(share=0.05, least=8.0)),
    Measure("processes", "", Bound(share=0.0, least=0.5)),
    Measure("threads", "", Bound(share=0.0, least=1.5)),
    Measure("descriptors", "", Bound(share=0.0, least=3.0)),
    Measure("mounts", "", Bound(share=0.0, least=0.5)),
    Measure("cgroups", "", Bound(share=0.0, least=0.5)),
    Measure("disk", "MiB", Bound(share=0.05, least=2.0)),
)


@dataclass
class Group:
    """Processes that are measured together.

    Attributes:
        homes: folders that they write to.
    """

    name: str
    homes: list[Path] = field(default_factory=list)
    _pids: set[int] = field(default_factory=set)

    def sample(self, processes: Iterable[psutil.Process]) -> Mapping[str, float]:
        """Measure -> value; what has ended meanwhile counts nothing."""
        alive = list(processes)
        self._pids |= {each.pid for each in alive}
        threads = descriptors = 0
        for each in alive:
            try:
                threads += each.num_threads()
                descriptors += each.num_fds()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return {
            "memory": proportional(alive) / MIB,
            "processes": len(alive),
            "threads": threads,
            "descriptors": descriptors,
            "mounts": len(SELF.read_text().splitlines()),
            "cgroups": self._cgroups(),
            "disk": sum(map(_size, self.homes)) / MIB,
        }

    def _cgroups(self) -> int:
        """Those that a process of this group has made, alive or not: their names tell whose they are."""
        names = (each.name.split("-") for each in CGROUPS.rglob("fusion-*-*-*") if each.is_dir())
        return sum(words[1].isdigit() and int(words[1]) in self._pids for words in names)


def _size(folder: Path) -> int:
    """Bytes of all files below; one that goes away meanwhile counts nothing."""
    total = 0
    for each in folder.rglob("*"):
        try:
            total += each.stat().st_size if each.is_file() else 0
        except OSError:
            continue
    return total
