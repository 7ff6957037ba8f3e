"""The order-book metrics as one would write them first, of whole lists and fractions: the oracle of the one pass."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import log, nan, sqrt
from statistics import StatisticsError, linear_regression

from atom.book import changes
from atom.events import Action, Events, Flag, Side
from atom.metrics import Parameters
from tests.unit.atom.plain_book import PlainBook

Row = dict[str, float]
SIDES = (Side.BID, Side.ASK)
BY_PRICE = "by price"


@dataclass
class Period:
    """What happened since it began."""

    whole: bool
    mid: float = nan
    counts: dict[str, int] = field(default_factory=lambda: {"insert": 0, "update": 0, "delete": 0})
    flow: int = 0
    volume: dict[int, int] = field(default_factory=lambda: {Side.BID: 0, Side.ASK: 0, Side.NONE: 0})


class Plain:
    """Takes events one by one."""

    def __init__(self, events: Events, parameters: Parameters) -> None:
        self.p = parameters
        self.tick, self.lot = Fraction(events.instrument.tick), Fraction(events.instrument.lot)
        self.told_lot = events.instrument.lot
        self.book = PlainBook()
        self.sound = self.torn = False
        self.top: tuple[int, int, int, int] | None = None
        self.seen: Row | None = None
        self.lots: list[int] = []  # each traded lot: 1 bought, -1 sold, 0 unknown
        self.whole_periods: list[tuple[float, float, float]] = []  # on end: mids at both ends, signed volume
        self.queues: dict[Side, tuple[int, object]] = {}
        self.ahead: dict[Side, float] = {}
        self.messages: list[Row] = []
        self.periods: list[Row] = []
        now, end, period = 0, 0, Period(whole=False)
        for ts, change, trade in _merged(events):
            now = max(now, ts)
            if now > 0 and now >= end:
                if end:
                    self.periods.append({"ts": end, **self.close(period)})
                period = Period(bool(end) and self.sound and not self.torn, self.seen["mid"] if self.seen else nan)
                end = (now // self.p.period + 1) * self.p.period
                if period.whole:
                    self.join()
            if trade is not None:
                self.trade(period, *trade)
            else:
                self.row(period, change)
                if change[0] & Flag.LAST:
                    self.message(period)
                    self.messages.append({"ts": now, **(self.seen or {})})

    def trade(self, period: Period, side: int, price: int, size: int) -> None:
        if size <= 0:
            return
        period.volume[side] += size
        self.lots += [{Side.BID: 1, Side.ASK: -1, Side.NONE: 0}[Side(side)]] * size
        for of, opposite in ((Side.BID, Side.ASK), (Side.ASK, Side.BID)):
            if (
                of in self.queues
                and self.queues[of][0] == price
                and side == opposite
                and self.queues[of][1] == BY_PRICE
            ):
                self.traded[of] += size

    def row(self, period: Period, change) -> None:
        flags, action, side, price, size, order_id = change
        for of, (at, ids) in self.queues.items():
            if ids == BY_PRICE or ids is None:
                continue
            if action == Action.CLEAR:
                self.queues[of] = (at, None)
            elif not flags & Flag.BY_PRICE and order_id in ids:
                held, where, rest = self.book.held[order_id]
                smaller = action == Action.MODIFY and 0 < size <= rest and (side, price) == (held, where)
                if not (smaller or (action == Action.FILL and size < rest)):
                    ids.remove(order_id)
        before, unknown = self.things(flags), self.book.unknown
        self.book.step(change)
        self.torn = True
        if flags & Flag.SNAPSHOT or action == Action.CLEAR or self.book.unknown != unknown:
            return
        more = self.things(flags) - before
        period.counts["insert" if more > 0 else "delete" if more < 0 else "update"] += 1

    def things(self, flags: int) -> int:
        if flags & Flag.BY_PRICE:
            return sum(len(self.book.levels[side]) for side in SIDES)
        return len(self.book.held)

    def message(self, period: Period) -> None:
        self.torn = False
        bids, asks = (self.book.sizes(side) for side in SIDES)
        self.sound = self.book.valid and bool(bids) and bool(asks) and bids[0][0] < asks[0][0]
        if not self.sound:
            period.whole, self.top, self.seen = False, None, None
            return
        top = (*bids[0], *asks[0])
        if self.top is not None:
            period.flow += _flow(self.top, top)
        self.top, self.seen = top, self.look(bids, asks)
        if period.whole:
            for side in SIDES:
                self.stand(side)

    def look(self, bids, asks) -> Row:
        bid, bid_size, ask, ask_size = (Fraction(value) for value in (*bids[0], *asks[0]))
        mid = (bid + ask) / 2
        of_levels = [sum(size for _, size in side[: self.p.levels]) for side in (bids, asks)]
        of_orders = [
            sum(len(self.book.queue(side, price)) for price, _ in self.book.sizes(side)[: self.p.levels])
            for side in SIDES
        ]
        seen = {
            "mid": mid * self.tick,
            "spread": (ask - bid) * self.tick,
            "imbalance": (bid_size - ask_size) / (bid_size + ask_size),
            "microprice": (bid * ask_size + ask * bid_size) / (bid_size + ask_size) * self.tick,
            "imbalance_levels": Fraction(of_levels[0] - of_levels[1], sum(of_levels)),
            "imbalance_orders": Fraction(of_orders[0] - of_orders[1], sum(of_orders)) if sum(of_orders) else nan,
        }
        for bps in self.p.depths:
            away = mid * bps / 10_000
            within = [[size for price, size in side if abs(price - mid) <= away] for side in (bids, asks)]
            for name, sizes in zip(("bid", "ask"), within, strict=True):
                seen[f"{name}_depth_{bps}"] = sum(sizes) * self.lot if mid > 0 else nan
        return {name: float(value) for name, value in seen.items()}

    def join(self) -> None:
        self.queues, self.traded = {}, {Side.BID: 0, Side.ASK: 0}
        self.size = {}
        for side in SIDES:
            price, size = self.book.sizes(side)[0]
            orders = self.book.queue(side, price)
            self.queues[side] = (price, [order_id for order_id, _ in orders] if orders else BY_PRICE)
            self.size[side], self.ahead[side] = size, float(size * self.lot)

    def stand(self, side: Side) -> None:
        price, ids = self.queues[side]
        if ids is None:
            self.ahead[side] = nan
        elif ids != BY_PRICE:
            held = (self.book.held[order_id][2] for order_id in ids)
            self.ahead[side] = float(sum(held) * self.lot)
        else:
            now = dict(self.book.sizes(side)).get(price, 0)
            ahead = max(0.0, self.ahead[side] - float(self.traded[side] * self.lot))
            left = self.size[side] - self.traded[side]
            if now < left:
                ahead -= ahead * (left - now) / left
            self.ahead[side] = min(ahead, float(now * self.lot))
            self.size[side], self.traded[side] = now, 0

    def close(self, period: Period) -> Row:
        buy, sell = (float(period.volume[side] * self.lot) for side in SIDES)
        told = {
            **(self.seen or {}),
            "whole": period.whole,
            "buy_volume": buy,
            "sell_volume": sell,
            "taker_ratio": buy / sell if sell else nan,
            "vpin": self.vpin(),
        }
        if not period.whole:
            self.whole_periods = []
            return told
        self.whole_periods.append((period.mid, self.seen["mid"], buy - sell))
        total = sum(period.counts.values())
        for name, count in period.counts.items():
            told[f"{name}s"], told[f"{name}_ratio"] = count, count / total if total else nan
        told["ofi"] = float(period.flow * self.lot)
        told["kyle_lambda"], told["realised_volatility"] = self.kyle(), self.volatility()
        for name, side in (("bid", Side.BID), ("ask", Side.ASK)):
            told[f"queue_{name}"] = self.ahead[side]
            if not self.torn:
                told[f"cluster_{name}_distance"], told[f"cluster_{name}_share"] = self.cluster(side)
        return told

    def vpin(self) -> float:
        volume = self.p.bucket(self.told_lot)
        full = [self.lots[at : at + volume] for at in range(0, len(self.lots) - volume + 1, volume)]
        last = full[-self.p.vpin_buckets :]
        return (
            sum(abs(sum(bucket)) / volume for bucket in last) / len(last) if len(last) == self.p.vpin_buckets else nan
        )

    def kyle(self) -> float:
        last = self.whole_periods[-self.p.kyle_periods :]
        try:
            slope = linear_regression([volume for *_, volume in last], [after - before for before, after, _ in last])[0]
        except StatisticsError:
            return nan
        return slope if len(last) == self.p.kyle_periods else nan

    def volatility(self) -> float:
        squares: list[float] = []
        for before, after, _ in self.whole_periods:
            squares = [*squares, log(after / before) ** 2] if before > 0 and after > 0 else []
        last = squares[-self.p.volatility_periods :]
        return sqrt(sum(last)) if len(last) == self.p.volatility_periods else nan

    def cluster(self, side: Side) -> tuple[float, float]:
        mid = Fraction(self.top[0] + self.top[2], 2)
        if mid <= 0:
            return nan, nan
        buckets: dict[int, int] = {}
        for price, size in self.book.sizes(side):
            bps = abs(price - mid) / mid * 10_000
            if bps < self.p.cluster_range:
                place = bps // self.p.cluster_width
                buckets[place] = buckets.get(place, 0) + size
        if not buckets:
            return nan, nan
        place = min(buckets, key=lambda place: (-buckets[place], place))
        return float((place + Fraction(1, 2)) * self.p.cluster_width), buckets[place] / sum(buckets.values())


def _flow(before, after) -> int:
    (bid, bid_size, ask, ask_size), (new_bid, new_bid_size, new_ask, new_ask_size) = before, after
    bids = new_bid_size * (new_bid >= bid) - bid_size * (new_bid <= bid)
    return bids - (new_ask_size * (new_ask <= ask) - ask_size * (new_ask >= ask))


def _merged(events: Events):
    book = list(zip(events.book["ts_recv"].tolist(), changes(events.book), strict=True))[::-1]
    columns = (events.trade[name].tolist() for name in ("ts_recv", "side", "price", "size"))
    trades = list(zip(*columns, strict=True))[::-1]
    while book or trades:
        if not trades or (book and book[-1][0] < trades[-1][0]):
            ts, change = book.pop()
            yield ts, change, None
        else:
            ts, *trade = trades.pop()
            yield ts, None, trade
