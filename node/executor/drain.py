"""The request to drain: a file in the operator's home, so that it outlives every restart."""

from pathlib import Path

FILE = "drain"


class Drain:
    """Whether an operator is to take no more seats, and to end once it has served those that it has."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def ask(self) -> bool:
        """Asks for it; whether it was not asked for before."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        asked = self.asked()
        self._path.touch()
        return not asked

    def cancel(self) -> bool:
        """Takes the request back; whether there was one."""
        asked = self.asked()
        self._path.unlink(missing_ok=True)
        return asked

    def asked(self) -> bool:
        return self._path.exists()
