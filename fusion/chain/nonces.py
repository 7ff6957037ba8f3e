"""What this process knows of an account's nonces on one chain, whichever of its parts sends."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fusion.chain.pending import Pending

LEFT = 64  # transactions remembered after their sender stopped waiting

_all: dict[tuple[int, str], "Nonces"] = {}
_guard = threading.Lock()


class Nonces:
    """One account on one chain. `lock` is held from reading the next nonce to broadcasting with it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._state = threading.Lock()
        self._watched: Counter[int] = Counter()
        self._left: list[Pending] = []
        self._front = (-1, 0, 0.0)

    @staticmethod
    def of(chain_id: int, address: str) -> "Nonces":
        """The one of this process."""
        with _guard:
            return _all.setdefault((chain_id, address), Nonces())

    @contextmanager
    def watching(self, nonce: int) -> Iterator[None]:
        """While somebody waits for the transaction of this nonce, and replaces it when it is stuck."""
        with self._state:
            self._watched[nonce] += 1
        try:
            yield
        finally:
            with self._state:
                self._watched[nonce] -= 1

    def is_watched(self, nonce: int) -> bool:
        with self._state:
            return self._watched[nonce] > 0

    def stood(self, count: int, block: int) -> tuple[int, float]:
        """How many blocks, and seconds, the account's next nonce to be included has been `count`, as of now."""
        now = time.monotonic()
        with self._state:
            # Below the first block: the chain went back, so what was counted is no longer true.
            if self._front[0] != count or block < self._front[1]:
                self._front = (count, block, now)
            return block - self._front[1], now - self._front[2]

    def restart(self) -> None:
        """Counts anew from the next look on."""
        with self._state:
            self._front = (-1, 0, 0.0)

    def leave(self, pending: Pending) -> None:
        """Remembers a transaction that its sender no longer waits for, and that may still be included."""
        with self._state:
            self._left = [*self._left, pending][-LEFT:]

    def take(self, request: Mapping[str, Any]) -> Pending | None:
        """Takes back one that was left and makes the same call; None when there is none."""
        with self._state:
            for place, pending in enumerate(self._left):
                if pending.request == request:
                    return self._left.pop(place)
        return None
