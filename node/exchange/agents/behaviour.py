"""Behaviour: what an agent of each kind does when it wakes. Each writes its commands and gives how many they are.

Sources: zero intelligence: Gode and Sunder, 1993, and Cont, Stoikov and Talreja, 2010; large orders cut into small
ones: Lillo, Mike and Farmer, "Theory for long memory in supply and demand", 2005; opinions that wait at their price:
Toth et al., "Anomalous price impact and the critical nature of liquidity", 2011; momentum: Chiarella and Iori, 2002;
market makers: Avellaneda and Stoikov, "High-frequency trading in a limit order book", 2008; herding: Kirman, "Ants,
rationality, and recruitment", 1993, and Alfarano, Lux and Wagner, 2005.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from node.exchange.agents import desk
from node.exchange.agents.chance import exponential, logarithm, normal, pareto, uniform
from node.exchange.agents.crowd import ROOM, Crowd, Kind
from node.exchange.agents.desk import Seat
from node.exchange.core.compiled import Int, jit
from node.exchange.core.state import Ledger, Market

U = np.uint64
BUY, SELL = desk.BUY, desk.SELL
_ZERO, _NOISE, _VALUE, _MOMENTUM, _MAKER, _ARBITRAGE, _HERD = (int(each) for each in Kind)

_TAKES = 0.12  # share of a zero-intelligence agent's acts that take
_EAGER = 0.35  # share of its limit orders that better the best price
_TAIL = 1.5  # exponent of large orders' sizes: signs of trades are then correlated with a decay of about its half
_SMALLEST, _LARGEST = 5.0, 400.0  # small orders in the smallest large one, and how much larger the largest is
_TAIL_WIDTH = 1.3  # exponent of the distances of limit orders
_FARTHEST = 400.0  # widths
_NOTICED = 0.25  # a trend below, in widths, is none
_LEARNS = 0.02  # weight of a maker's last look in the variance it believes
_ALONE = 0.02  # chance that one of the herd changes its mind by itself


class Floor(NamedTuple):
    """Where a crowd trades.

    Attributes:
        first, second: its markets; the first once more where there is one only.
    """

    first: Market
    second: Market
    ledger: Ledger


@jit
def act(crowd: Crowd, index: Int, floor: Floor, at: Int) -> Int:
    """One agent's wake-up: its commands from `at` on; where they end."""
    agent, orders, scene = crowd.agents[U(index)], crowd.orders[U(index)], crowd.scene[0]
    kind = agent.kind
    market = floor.first if agent.market == 0 else floor.second
    seat = Seat(agent, orders, market, floor.ledger, crowd.commands)
    fair = scene.fair * agent.scale
    if kind == _ZERO:
        end = _zero(seat, at, fair)
    elif kind == _NOISE:
        end = _noise(seat, at)
    elif kind == _VALUE:
        end = _value(seat, at, fair)
    elif kind == _MOMENTUM:
        end = _momentum(seat, at, fair)
    elif kind == _MAKER:
        end = _maker(seat, at, fair)
    elif kind == _ARBITRAGE:
        end = _arbitrage(seat, Seat(agent, orders, floor.second, floor.ledger, crowd.commands), at)
    else:
        end = _herd(seat, scene, at)
    return end


@jit
def _coin(agent: Any) -> Int:
    """A side by chance; the more it holds, the likelier it sells, so that nobody drifts into ruin."""
    lean = max(-0.5, min(0.5, 0.5 * agent.held / max(1, agent.most)))
    return BUY if uniform(agent) < 0.5 - lean else SELL


@jit
def _zero(seat: Seat, at: Int, fair: float) -> Int:
    agent, market = seat.agent, seat.market
    if uniform(agent) * ROOM < agent.count:
        at = desk.cancel_any(seat, at)
    side = _coin(agent)
    best, other = desk.touch(market, side), desk.touch(market, 1 - side)
    sign = 1 if side == BUY else -1
    size = desk.lots(agent)
    if other and uniform(agent) < _TAKES:
        return desk.take(seat, at, side, other, min(size, desk.at_touch(market, 1 - side)))
    gap = sign * (other - best)
    if best and other and gap > 1 and uniform(agent) < _EAGER:
        price = best + sign * max(1, int(uniform(agent) * min(float(gap), agent.width)))
    else:
        away = min(pareto(agent, _TAIL_WIDTH) - 1.0, _FARTHEST) * agent.width
        price = desk.whole((best if best else desk.middle(market, fair)) - sign * away)
    return desk.place(seat, at, side, price, size)


@jit
def _noise(seat: Seat, at: Int) -> Int:
    agent, market = seat.agent, seat.market
    if agent.left <= 0:
        agent.side = _coin(agent)
        agent.left = int(agent.size * _SMALLEST * min(pareto(agent, _TAIL), _LARGEST))
    side = np.int64(agent.side)
    for place_of in range(agent.count):
        at = desk.cancel(seat, at, place_of)
    best, other = desk.touch(market, side), desk.touch(market, 1 - side)
    if other == 0:
        return at
    quantity = min(agent.left, desk.lots(agent))
    agent.left -= quantity
    if best and uniform(agent) < agent.strength:  # patient: it waits among the best
        return desk.place(seat, at, side, best, quantity)
    return desk.take(seat, at, side, other, min(quantity, desk.at_touch(market, 1 - side)))


@jit
def _value(seat: Seat, at: Int, fair: float) -> Int:
    agent, market = seat.agent, seat.market
    if uniform(agent) * agent.horizon < agent.gap:
        agent.opinion = agent.width * normal(agent)
    worth = fair + agent.opinion
    if agent.count and uniform(agent) * ROOM < agent.count + 2:
        at = desk.cancel_any(seat, at)
    bid, ask = desk.touch(market, BUY), desk.touch(market, SELL)
    size = desk.lots(agent)
    cheap, dear = worth - agent.margin - ask, bid - agent.margin - worth
    if ask and cheap > 0.0:
        return desk.take(seat, at, BUY, desk.whole(worth - agent.margin), int(1.0 + size * cheap / agent.width))
    if bid and dear > 0.0:
        return desk.take(seat, at, SELL, desk.whole(worth + agent.margin), int(1.0 + size * dear / agent.width))
    side = _coin(agent)
    away = agent.margin + agent.width * exponential(agent)
    return desk.place(seat, at, side, desk.whole(worth - away if side == BUY else worth + away), size)


@jit
def _momentum(seat: Seat, at: Int, fair: float) -> Int:
    agent, market = seat.agent, seat.market
    mid, passed = desk.middle(market, fair), float(agent.gap)
    if agent.slow == 0.0:
        agent.fast = agent.slow = mid
        return at
    agent.fast += (mid - agent.fast) * min(1.0, 4.0 * passed / agent.horizon)
    agent.slow += (mid - agent.slow) * min(1.0, passed / agent.horizon)
    trend = (agent.fast - agent.slow) / agent.width
    wanted = int(agent.most * agent.strength * max(-1.0, min(1.0, trend))) if abs(trend) > _NOTICED else 0
    step = wanted - agent.held
    if abs(step) < agent.size:
        return at
    side = BUY if step > 0 else SELL
    return desk.take(seat, at, side, desk.touch(market, 1 - side), min(abs(step), desk.lots(agent)))


@jit
def _maker(seat: Seat, at: Int, fair: float) -> Int:
    """Quotes around r = s - q g v T, at half of g v T + 2 / g ln(1 + g / k).

    s is the mid, drawn towards the fair price by `strength`; q the inventory in orders, v the variance it saw, T the
    `horizon`, k one over `width`, and g such that an inventory of `most` moves the quotes by as much as the price moves
    in the horizon.
    """
    agent, market = seat.agent, seat.market
    mid = desk.middle(market, fair)
    centre = mid + agent.strength * (fair - mid)
    if agent.slow > 0.0:
        moved = centre - agent.slow
        agent.variance += (moved * moved * 1e9 / agent.gap - agent.variance) * _LEARNS
    agent.slow = centre
    risk = math.sqrt(agent.variance * agent.horizon / 1e9) + 1e-9  # ticks that the price moves in the horizon
    aversion = agent.size / (risk * agent.most)
    reserve = centre - agent.held / agent.size * aversion * risk * risk
    half = max(0.5, 0.5 * aversion * risk * risk + logarithm(1.0 + aversion * agent.width) / aversion)
    at = _quote(seat, at, BUY, desk.whole(reserve - half))
    return _quote(seat, at, SELL, desk.whole(reserve + half))


@jit
def _quote(seat: Seat, at: Int, side: Int, price: Int) -> Int:
    """Has one order of a side, near a price; what stands beyond that price on the other side is taken."""
    agent = seat.agent
    sign = 1 if side == BUY else -1
    other = desk.touch(seat.market, 1 - side)
    if other and sign * (other - price) <= 0:
        return desk.take(seat, at, side, price, agent.size)
    kept = False
    for place_of in range(agent.count):
        order = seat.orders[U(place_of)]
        if order.side != side:
            continue
        if kept or abs(order.price - price) > agent.margin or order.left < agent.size // 4:
            at = desk.cancel(seat, at, place_of)
        else:
            kept = True
    room = agent.most - sign * agent.held
    return at if kept or room <= 0 else desk.place(seat, at, side, price, min(room, agent.size))


@jit
def _arbitrage(seat: Seat, across: Seat, at: Int) -> Int:
    """Buys where it is cheaper and sells as much where it is dearer, once the difference is above the margin."""
    agent = seat.agent
    first, second = seat.market, across.market
    lot, other_lot = first.rules[0].lot, second.rules[0].lot
    for side in range(2):  # of its order in the first market
        sign = 1 if side == BUY else -1
        here, there = desk.touch(first, 1 - side), desk.touch(second, side)
        if here and there and sign * (there / agent.scale - here) > agent.margin:
            units = min(desk.at_touch(first, 1 - side) * lot, desk.at_touch(second, side) * other_lot)
            units = min(units, desk.lots(agent) * lot)
            units -= units % max(lot, other_lot)
            if units > 0:
                at = desk.take(seat, at, side, here, units // lot)
                return desk.take(across, at, 1 - side, there, units // other_lot)
    return at


@jit
def _herd(seat: Seat, scene: Any, at: Int) -> Int:
    """Changes its mind alone now and then, and the likelier the more of the others think otherwise; then it trades."""
    agent = seat.agent
    mood = np.int64(agent.side)
    unlike = scene.herd - scene.buyers if mood == BUY else scene.buyers
    if uniform(agent) >= _ALONE + agent.strength * unlike / scene.herd:
        return at
    side = 1 - mood
    agent.side = side
    scene.buyers += 1 if side == BUY else -1
    return desk.take(seat, at, side, desk.touch(seat.market, 1 - side), desk.lots(agent))


@jit
def pause(agent: Any, activity: float) -> Int:
    """How long until the agent wakes again, ns."""
    return int(1.0 + agent.gap * exponential(agent) / activity)
