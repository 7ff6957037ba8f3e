"""A process that locks itself in: what it can still do, and that each wall can be left out."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.jail.walls import WALLS, Wall, closed, usable

ROOT = Path(__file__).parents[4]

LOCKED = """
import os, signal, sys
from pathlib import Path
from sandbox.jail import enclosure, kernel
from sandbox.jail.enclosure import Bounds, View
from sandbox.jail.profiles import WASM_HOST, PYTHON
from sandbox.jail.walls import Wall

def tried(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return error.errno

walls = frozenset(map(Wall, sys.argv[1].split(",")))
enclosure.enter(walls)
child = os.fork()
if child:
    status = os.waitpid(child, 0)[1]
    os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status))
enclosure.see(walls)
enclosure.lock(walls, WASM_HOST, Bounds(memory=1 << 30))
print({}, flush=True)
os._exit(0)
"""


def _inside(expression: str, walls: frozenset[Wall]) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-c", LOCKED.format(expression), ",".join(walls)],
        capture_output=True,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
        text=True,
    )
    return ended.returncode, ended.stdout.strip() or ended.stderr


@pytest.mark.parametrize(
    ("expression", "status", "said"),
    [
        ("os.getpid()", 0, "1"),
        ("tried(os.listdir, '/')", 0, "1"),
        ("tried(open, '/etc/passwd')", 0, "1"),
        ("kernel.has_no_new_privileges()", 1, ""),
        ("tried(os.kill, 2, 9)", 0, "1"),
        ("tried(os.kill, 1, 0)", 0, "None"),
        ("tried(os.fork)", 0, "1"),
        ("kernel.unshare(kernel.NEWUSER)", 128 + 31, ""),
        ("os.setuid(0)", 128 + 31, ""),
        ("os.execv('/bin/sh', ['sh'])", 128 + 31, ""),
    ],
)
def test_a_locked_process_can_do_little(expression: str, status: int, said: str) -> None:
    found, told = _inside(expression, usable() - {Wall.MEMORY, Wall.PIDS})
    assert found == status, told
    if status == 0:
        assert told == said


@pytest.mark.parametrize("wall", sorted(WALLS - {Wall.MEMORY, Wall.PIDS}))
def test_any_wall_can_be_left_out(wall: Wall) -> None:
    import os

    walls = closed(usable() - {wall, Wall.MEMORY, Wall.PIDS}, root=os.geteuid() == 0)
    assert _inside("'in'", walls) == (0, "in")
