"""Progress of work that reports none: a fraction that follows the clock and never claims the end."""

import math
import subprocess
import time
from collections.abc import Callable

Report = Callable[[str, float], None]
"""Called with what is being done and the fraction done, 0 to 1, which never falls."""

_STRAIGHT = 0.8


def expected(elapsed: float, estimate: float) -> float:
    """The fraction of a step done after some seconds: straight at first, then ever slower, always below 1."""
    part = elapsed / estimate
    if part <= _STRAIGHT:
        return part
    rest = 1 - _STRAIGHT
    return 1 - rest * math.exp((_STRAIGHT - part) / rest)


class Steps:
    """Runs a list of commands one after the other and reports how far they are.

    Args:
        report: told about ten times a second.
        total: the sum of all estimates, s.
    """

    def __init__(self, report: Report, total: float) -> None:
        self._report = report
        self._total = total
        self._done = 0.0
        self._pace = 1.0

    def run(self, text: str, estimate: float, command: list[str], environment: dict[str, str]) -> tuple[int, str]:
        """Run one command; its exit status and the last line it wrote on stderr.

        A step that takes longer than estimated slows the bar of those after it.
        """
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            while child.poll() is None:
                part = expected(time.monotonic() - start, estimate * self._pace)
                self._report(text, (self._done + part * estimate) / self._total)
                time.sleep(0.1)
            words = child.stderr.read().strip().splitlines() if child.stderr else []
        finally:
            child.kill()
            child.wait()
            if child.stderr:
                child.stderr.close()
        self._pace = max(0.5, (time.monotonic() - start) / estimate)
        self._done += estimate
        self._report(text, self._done / self._total)
        return child.returncode, words[-1] if words else ""
