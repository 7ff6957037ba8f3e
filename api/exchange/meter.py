"""Meter: what each client asks in a minute, and when that is too much.

As on Binance every request has a weight, counted by address; new orders are counted by account as well. Who asks more
is answered 429 and when to come back; who goes on asking meanwhile is answered 418 for longer and longer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Final

from api.exchange.refusal import Refusal

_MINUTE: Final = 60.0
_DAY: Final = 86_400.0
_KEPT: Final = 10_000  # addresses


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client may ask.

    Attributes:
        weight: of requests a minute and address.
        orders: new ones in ten seconds and account.
        orders_day: new ones a day and account.
        connections: of WebSocket that are begun in five minutes and address.
        patience: requests that are answered 429 before they are answered 418.
        ban_s: how long 418 lasts the first time; twice as long each time within a day of the last, at most three days.
    """

    weight: int = 6000
    orders: int = 100
    orders_day: int = 200_000
    connections: int = 300
    patience: int = 20
    ban_s: float = 120.0


class Window:
    """A count that begins anew when its time is over.

    Args:
        length: of the time, seconds.
    """

    __slots__ = ("begun", "length", "used")

    def __init__(self, length: float) -> None:
        self.length, self.begun, self.used = length, 0.0, 0

    def add(self, now: float, amount: int) -> int:
        """Counts more; how many there are."""
        begun = now - now % self.length
        if begun != self.begun:
            self.begun, self.used = begun, 0
        self.used += amount
        return self.used

    def left(self, now: float) -> float:
        """Seconds until it begins anew."""
        return self.begun + self.length - now


class _Client:
    __slots__ = ("banned_until", "bans", "connections", "refused", "weight")

    def __init__(self) -> None:
        self.weight, self.refused, self.connections = Window(_MINUTE), Window(_MINUTE), Window(5 * _MINUTE)
        self.banned_until, self.bans = 0.0, 0


class Meter:
    """Counts.

    Args:
        allowance: what a client may ask.
        clock: seconds; never goes back.
    """

    def __init__(self, allowance: Allowance, clock: Callable[[], float]) -> None:
        self.allowance, self._clock = allowance, clock
        self._clients: dict[str, _Client] = {}
        self._orders: dict[int, tuple[Window, Window]] = {}

    def ask(self, address: str, weight: int) -> int:
        """Counts a request.

        Returns:
            the weight used in this minute.

        Raises:
            Refusal: 429 or 418, with `Retry-After`.
        """
        now, client = self._clock(), self._client(address)
        if now < client.banned_until:
            raise self._ban(client, now)
        used = client.weight.add(now, weight)
        if used <= self.allowance.weight:
            return used
        if client.refused.add(now, 1) > self.allowance.patience:
            if now - client.banned_until > _DAY:
                client.bans = 0
            client.banned_until = now + min(self.allowance.ban_s * 2**client.bans, 3 * _DAY)
            client.bans = min(client.bans + 1, 12)
            raise self._ban(client, now)
        line = (
            f"Too much request weight used; current limit is {self.allowance.weight} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        raise Refusal(-1003, line, 429, headers=_after(client.weight.left(now), used))

    def order(self, account: int, count: int) -> tuple[int, int]:
        """Counts new orders.

        Returns:
            those of these ten seconds and of this day.

        Raises:
            Refusal: 429, with `Retry-After`.
        """
        now = self._clock()
        windows = self._orders.setdefault(account, (Window(10.0), Window(_DAY)))
        most = (self.allowance.orders, self.allowance.orders_day)
        counts = [window.add(now, count) for window in windows]
        for window, used, limit, told in zip(windows, counts, most, ("10 SECOND", "1 DAY"), strict=True):
            if used > limit:
                line = f"Too many new orders; current limit is {limit} orders per {told}."
                raise Refusal(-1015, line, 429, headers=_after(window.left(now)))
        return counts[0], counts[1]

    def connect(self, address: str) -> None:
        """Counts a connection; a Refusal where there were too many."""
        now, client = self._clock(), self._client(address)
        if now < client.banned_until:
            raise self._ban(client, now)
        if client.connections.add(now, 1) > self.allowance.connections:
            line = f"Too many connections; current limit is {self.allowance.connections} per 5 MINUTE."
            raise Refusal(-1003, line, 429, headers=_after(client.connections.left(now)))

    def orders_of(self, account: int) -> tuple[int, int]:
        """New orders of these ten seconds and of this day."""
        return self.order(account, 0)

    def _client(self, address: str) -> _Client:
        found = self._clients.pop(address, None) or _Client()
        self._clients[address] = found  # the last one is the newest
        if len(self._clients) > _KEPT:
            self._clients.pop(next(iter(self._clients)))
        return found

    def _ban(self, client: _Client, now: float) -> Refusal:
        left = client.banned_until - now
        line = f"Way too much request weight used; IP banned for {left:.0f} s. Please use WebSocket Streams."
        return Refusal(-1003, line, 418, headers=_after(left))


def _after(seconds: float, used: int | None = None) -> dict[str, str]:
    told = {"Retry-After": str(max(1, ceil(seconds)))}
    return told if used is None else {**told, "X-MBX-USED-WEIGHT-1M": str(used)}
