"""Peers: programs of others that do the same work, each in a process of its own, in an environment of their own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
BENCH: Final = "requirements-bench.lock"


def environment(lock: str = BENCH) -> Path:
    """The Python of the environment of a lock file: `.venv-bench` of `requirements-bench.lock`.

    It is made first where it is missing or was made of other pins. PAMS has its own: it wants an older numpy.
    """
    pins, folder = ROOT / lock, ROOT / lock.removesuffix(".lock").replace("requirements", ".venv")
    stamp, python = folder / "main.stamp", folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        print(f"making {folder.name} of {lock}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"
        subprocess.run([python, *install, pins], check=True, stdout=sys.stderr)
        stamp.write_text(pins.read_text())
    return python


class Peer:
    """One of `bench/peers`, ready to work; it takes turns with us.

    Attributes:
        facts: what it says of its work, before the first time.
        said: what it says of each time.
    """

    def __init__(self, script: str, *arguments: str | Path, lock: str = BENCH) -> None:
        self._name = " ".join((script, *map(str, arguments)))
        self._process = subprocess.Popen(
            [environment(lock), "-W", "ignore", f"{script}.py", *arguments],
            cwd=ROOT / "bench" / "peers",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = self._line()
        self.said: list[dict[str, object]] = []

    def seconds(self) -> float:
        """Has it work once."""
        if self._process.stdin is None:
            raise RuntimeError("the peer has no standard input")
        self._process.stdin.write("again\n")
        self._process.stdin.flush()
        said = self._line()
        seconds = float(str(said.pop("seconds")))
        self.said.append(said)
        return seconds

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()

    def _line(self) -> dict[str, object]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"a peer ended: {self._name}")
        found: dict[str, object] = json.loads(line)
        return found


def in_turn(ours: Callable[[], float], peer: Peer, times: int) -> list[tuple[float, float]]:
    """Seconds that both say they took, in turn: what slows the machine for a while slows both. The first turn, which
    finds nothing at hand, is not counted.
    """
    turns = [(ours(), peer.seconds()) for _ in range(1 + times)]
    peer.close()
    return turns[1:]
