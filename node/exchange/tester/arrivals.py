"""Arrivals: what the messages of an exchange with Binance's spot API become in the inbox."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from node.exchange.core.command import Type
from node.exchange.core.journal import Reason
from node.exchange.listing import Listing
from node.exchange.tester.book import ACK, AMEND, BOOK, CANCEL, EXPIRE, FILL, REJECT, TRADE, TRIGGER
from node.exchange.tester.memory import Desk

_PREVENTED: Final = "TRADE_PREVENTION"
_STEPS: Final = {
    "NEW": ACK, "TRADE": FILL, "CANCELED": CANCEL, "EXPIRED": EXPIRE, _PREVENTED: EXPIRE, "REPLACED": AMEND,
    "REJECTED": REJECT,
}  # fmt: skip
_MS: Final = 1_000_000
_OPEN: Final = ("NEW", "PARTIALLY_FILLED", "PENDING_NEW")
_BEST: Final = {"b": "bidPrice", "a": "askPrice", "B": "bidQty", "A": "askQty"}


class Open(NamedTuple):
    """An order that is open there: lots in all, filled, and taken off by self-trade prevention; price in ticks."""

    quantity: int
    filled: int
    prevented: int
    price: int

    @property
    def gone(self) -> int:
        """Lots that are open no more."""
        return self.filled + self.prevented


UNKNOWN: Final = Open(0, 0, 0, 0)


class Arrivals:
    """Puts into the inbox what arrives.

    Args:
        name: what own orders are called there begins with it.

    Attributes:
        trades: fills so far: (ref, side, ticks, lots).
        known: own orders that are open, as far as was told.
        asked: what they were given by, but for those of groups; one that has woken, by what it is since then.
    """

    def __init__(self, desk: Desk, listing: Listing, name: str) -> None:
        self._desk, self._listing, self._name = desk, listing, name
        self.trades: list[tuple[int, int, int, int]] = []
        self.known: dict[int, Open] = {}
        self.asked: dict[int, Any] = {}
        self._left: set[int] = set()
        self._came: set[int] = set()
        self._top = (0, 0, 0, 0)

    def name(self, ref: int) -> str:
        """What an own order is called there."""
        return f"{self._name}-{ref}"

    def first(self, told: Mapping[str, Any]) -> None:
        """The best prices before the first that the stream tells, which may be long in coming."""
        self.take({short: told[name] for short, name in _BEST.items()})

    def take(self, told: Mapping[str, Any]) -> None:
        """A message of a stream."""
        kind = told.get("e", "bookTicker" if "B" in told and "A" in told else "")
        if kind == "executionReport":
            self._report(told)
        elif kind in {"bookTicker", "trade"}:
            self._news(told, TRADE if kind == "trade" else BOOK)

    def replaced(self, told: Mapping[str, Any]) -> None:
        """An order was given in the place of another: what follows of the two is one amendment."""
        self._left.add(int(told["cancelResponse"]["orderId"]))
        self._came.add(int(told["newOrderResponse"]["orderId"]))

    def answer(self, kind: int, ref: int, side: int = 0, price: int = 0, lots: int = 0, **more: int) -> None:
        """What became of an own order, or of what was asked of it."""
        control, now = self._desk.control, time.time_ns()
        row = self._desk.answers[int(control["answers_tail"][0]) & (len(self._desk.answers) - 1)]
        for name in self._desk.answers.dtype.names or ():
            row[name] = more.get(name, 0)
        row["local"], row["time"], row["kind"], row["ref"] = now, more.get("time", now), kind, ref
        row["side"], row["price"], row["quantity"] = side, price, lots
        control["answers_tail"] += 1
        if kind == REJECT:
            self.asked.pop(ref, None)

    def waiting(self) -> list[int]:
        """When each queue's first arrived."""
        control, found = self._desk.control, []
        for queue in ("feed", "answers"):
            head, rows = int(control[f"{queue}_head"][0]), getattr(self._desk, queue)
            if head < int(control[f"{queue}_tail"][0]):
                found.append(int(rows["local"][head & (len(rows) - 1)]))
        return found

    def _news(self, told: Mapping[str, Any], what: int) -> None:
        side = price = quantity = 0
        if what == TRADE:
            side, price, quantity = int(told["m"]), self._ticks(told["p"]), self._lots(told["q"])
        else:
            self._top = self._ticks(told["b"]), self._ticks(told["a"]), self._lots(told["B"]), self._lots(told["A"])
        control, now = self._desk.control, time.time_ns()
        place = int(control["feed_tail"][0]) & (len(self._desk.feed) - 1)
        at = int(told["T"]) * _MS if "T" in told else now
        passed = mark = 0  # nobody tells them here
        self._desk.feed[place] = (now, at, what, side, price, quantity, *self._top, passed, mark, 0, 0, 0, 0, 0)
        bid, ask, bid_size, ask_size = self._top
        half = self._desk.levels.shape[1] // 2
        self._desk.levels[place, :2], self._desk.levels[place, half : half + 2] = (bid, bid_size), (ask, ask_size)
        control["feed_tail"] += 1

    def _report(self, told: Mapping[str, Any]) -> None:
        """What became of an own order."""
        name, _, ref = (told["C"] or told["c"]).partition("-")
        kind, order = _STEPS.get(told["x"]), int(told["i"])
        if name != self._name or kind is None:
            return  # an order of somebody else who has this key
        number, buys, lots = int(ref), told["S"] == "BUY", self._lots(told["l"])
        if kind == CANCEL and order in self._left:
            self._left.remove(order)
            self.known.pop(number, None)
            return  # another one is there for it
        if kind == ACK:
            kind = self._began(number, order)
        elif kind == CANCEL and told["r"] == Reason.GROUP.name:
            kind = EXPIRE  # another of its group was cancelled
        whole, done = self._lots(told["q"]), self._lots(told["z"])
        prevented = self.known.get(number, UNKNOWN).prevented + (lots if told["x"] == _PREVENTED else 0)
        price = self._ticks(told["L"] if kind == FILL else told["p"])
        rest = whole - done - prevented
        left = rest if told["X"] in _OPEN else 0
        self.known[number] = Open(whole, done, prevented, self._ticks(told["p"]))
        base = quote = 0
        if kind == FILL:
            base, quote = self._paid(told, 1 if buys else -1)
            self.trades.append((number, int(not buys), price, lots))
        elif told["x"] != _PREVENTED:
            lots = rest
        if not left:
            del self.known[number]
            self.asked.pop(number, None)
        self.answer(
            kind, number, int(not buys), price, lots, left=left, base=base, quote=quote, maker=int(told["m"]),
            reason=_reason(told, kind), time=int(told["T"]) * _MS, order=order,
        )  # fmt: skip

    def _began(self, ref: int, order: int) -> int:
        """What it means that an order is told as new: it is, or it stands for another, or it woke."""
        if order in self._came:
            self._came.remove(order)
            return AMEND
        if ref not in self.known:
            return ACK
        if ref in self.asked and self.asked[ref]["price"]:
            self.asked[ref]["type"], self.asked[ref]["trigger"], self.asked[ref]["trail"] = Type.LIMIT, 0, 0
        return TRIGGER

    def _paid(self, told: Mapping[str, Any], sign: int) -> tuple[int, int]:
        """What the account got by a fill, base units of its assets."""
        base, quote = self._listing.base, self._listing.quote
        size, worth = Decimal(told["l"]), Decimal(told["L"]) * Decimal(told["l"])
        fee = {told["N"]: Decimal(told["n"])}
        return (
            base.units(sign * size - fee.get(base.name, Decimal(0))),
            quote.units(-sign * worth - fee.get(quote.name, Decimal(0))),
        )

    def _ticks(self, price: str) -> int:
        return int(Decimal(price) / self._listing.tick)

    def _lots(self, quantity: str) -> int:
        return int(Decimal(quantity) / self._listing.lot)


def _reason(told: Mapping[str, Any], kind: int) -> int:
    """Why an order left, or was amended."""
    if told["x"] == _PREVENTED:
        return int(Reason.SELF_TRADE)
    if told["x"] == "REPLACED":
        return int(Reason.KEPT)
    known = kind in {CANCEL, EXPIRE} and told["r"] in Reason.__members__
    return int(Reason[told["r"]]) if known else int(Reason.NONE)
