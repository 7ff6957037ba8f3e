"""Leaves each wall out in turn and prints which tests fail: `python -m tests.escape.walls [--suite] [WALL...]`.

Exit 1 where a wall that stands here is missed by no test. The tests of `test_alone.py` are run; with `--suite` all.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from sandbox.jail.walls import Wall, standing

FOLDER = Path(__file__).parent
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?::(.*?)(?: - .*)?$", re.M)
_SHOWN = 6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("walls", nargs="*", type=Wall, default=list(Wall), metavar="WALL", help="only these")
    parser.add_argument("--suite", action="store_true", help="run every test, which takes minutes a wall")
    arguments = parser.parse_args()
    missed_by_none: list[Wall] = []
    print(f"{'wall':14} tests that fail without it")
    for wall in arguments.walls:
        if why := standing()[wall]:
            print(f"{wall:14} does not stand here: {why}")
            continue
        failed = failures(wall, suite=arguments.suite)
        shown = ", ".join(failed[:_SHOWN]) + (f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else "")
        print(f"{wall:14} {len(failed):3}  {shown or 'none'}", flush=True)
        if not failed:
            missed_by_none.append(wall)
    return 1 if missed_by_none else 0


def failures(wall: Wall, *, suite: bool) -> list[str]:
    """The tests that fail when a wall is left out."""
    where = FOLDER if suite else FOLDER / "test_alone.py"
    command = [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", "--without", wall, str(where)]
    ended = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True, check=False)
    if ended.returncode not in {0, 1}:
        raise SystemExit(f"the tests could not be run without {wall}:\n{ended.stdout}{ended.stderr}")
    return _FAILED.findall(ended.stdout)


if __name__ == "__main__":
    sys.exit(main())
