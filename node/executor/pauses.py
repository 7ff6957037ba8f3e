"""How long a duty whose act failed is left alone. In this machine's monotonic time, and never beyond its deadline."""

import math
import time
from dataclasses import dataclass

from node.executor.duty import Duty

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds between tries
NEVER = math.inf


@dataclass(slots=True)
class _Pause:
    """Tries so far, and when the next may be; 0 once it was. It ends before where chain time has come to `by`."""

    tries: int = 0
    until: float = 0.0
    by: float = NEVER


class Pauses:
    """The pauses of one desk, by duty."""

    def __init__(self) -> None:
        self._of: dict[Duty, _Pause] = {}

    def begin(self, duty: Duty, *, longest: float = LONGEST_PAUSE, by: float = NEVER) -> int:
        """Notes a failure; returns how many there were in a row.

        Args:
            longest: seconds that the pause takes at most.
            by: chain time, in seconds, from which the duty is looked at again in any case.
        """
        pause = self._of.setdefault(duty, _Pause())
        pause.tries += 1
        pause.by = by
        pause.until = time.monotonic() + min(FIRST_PAUSE * 2 ** min(pause.tries - 1, 10), longest)
        return pause.tries

    def end(self, duty: Duty) -> None:
        """Forgets its failures."""
        self._of.pop(duty, None)

    def holds(self, duty: Duty, chain_time: int) -> bool:
        """Whether it is still to be left alone; if not, it counts as looked at."""
        pause = self._of.get(duty)
        if pause is None:
            return False
        if pause.until > time.monotonic() and chain_time < pause.by:
            return True
        pause.until = 0.0
        return False

    def waiting(self) -> bool:
        """Whether a pause has ended since its duty was last looked at."""
        now = time.monotonic()
        return any(0 < pause.until <= now for pause in self._of.values())

    def forget_all_but(self, duties: set[Duty]) -> None:
        self._of = {duty: pause for duty, pause in self._of.items() if duty in duties}
