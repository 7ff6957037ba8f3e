"""Prints what a worker's process looks like from outside, and ends itself in the middle of a run if told so.

python walled.py IMAGES look     one line of JSON about the locked process
python walled.py IMAGES die      the pids of a worker that runs; then this process waits to be killed
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np

from fusion.content.cid import Cid
from sandbox.code import Limits, ModuleCode
from sandbox.image import load
from sandbox.message import Run
from sandbox.worker import Worker

DOUBLE = b"""
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    return 2 * price
"""
NAMESPACES = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")


def task(code: bytes = DOUBLE, *, deadline: float = 60.0, limits: Limits = Limits(fuel=10**14)) -> Run:  # noqa: B008 - frozen
    module = ModuleCode(Cid.directory(bytes(32)), {"module.py": code}, "run")
    return Run(module, {"price": np.array([1.0, 2.0])}, {}, limits, 0, deadline)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def session(leader: int) -> list[int]:
    """The processes that are left of those that a worker started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def look(worker: Worker) -> dict[str, object]:
    """What the kernel says of the process that runs modules."""
    outcome = worker.run(task())
    assert worker.pid is not None
    first, (locked,) = worker.pid, children(worker.pid)
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{locked}/status").read_text().splitlines())
    return {
        "outcome": outcome.kind,
        "status": {
            name: status[name].split()
            for name in ("Uid", "Groups", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "NSpid")
        },
        "parent_caps": next(
            line for line in Path(f"/proc/{first}/status").read_text().splitlines() if "CapEff" in line
        ),
        **(_inside(locked) if os.geteuid() == 0 else {}),
    }


def _inside(locked: int) -> dict[str, object]:
    proc = Path(f"/proc/{locked}")
    return {
        "apart": [
            name for name in NAMESPACES if (proc / "ns" / name).readlink() != Path(f"/proc/self/ns/{name}").readlink()
        ],
        "files": [entry.name for entry in (proc / "root").iterdir()],
        "mounts": (proc / "mounts").read_text().splitlines(),
        "descriptors": sorted(str(entry.readlink()).split(":")[0] for entry in (proc / "fd").iterdir()),
        "data": (proc / "limits").read_text().partition("Max data size")[2].split()[0],
    }


def main() -> None:
    with Worker(load(Path(sys.argv[1]))) as worker:
        if sys.argv[2] == "look":
            sys.stdout.write(json.dumps(look(worker)))
            return
        worker.run(task())
        loop = DOUBLE.replace(b"return", b"while True: pass #")
        threading.Thread(target=worker.run, args=(task(loop),), daemon=True).start()
        assert worker.pid is not None
        sys.stdout.write(json.dumps([worker.pid, *children(worker.pid)]))
        sys.stdout.flush()
        time.sleep(600)


if __name__ == "__main__":
    main()
