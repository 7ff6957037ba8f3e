"""What went wrong last, for whoever looks at the operator's status."""

import threading
from collections import deque
from dataclasses import dataclass

LENGTH = 10


@dataclass(frozen=True, slots=True)
class Trouble:
    """`time` is chain time in seconds, as far as it was known; `about` a duty, or the part of the operator."""

    time: int
    about: str
    error: str
    times: int = 1


class Troubles:
    """The last ones, newest last; one that comes again and again is there once. Safe for several threads.

    Attributes:
        now: chain time, in seconds, that the next one is noted with.
    """

    def __init__(self) -> None:
        self.now = 0
        self._last: deque[Trouble] = deque(maxlen=LENGTH)
        self._guard = threading.Lock()

    def note(self, about: str, error: object) -> None:
        text = " ".join(str(error).split()) or type(error).__name__
        with self._guard:
            same = next((each for each in self._last if (each.about, each.error) == (about, text)), None)
            if same is not None:
                self._last.remove(same)
            self._last.append(Trouble(self.now, about, text, same.times + 1 if same else 1))

    def last(self) -> list[Trouble]:
        with self._guard:
            return list(self._last)
