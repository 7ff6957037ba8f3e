"""Record: what a recorded market tells amid a flow, well or badly: torn pictures, gaps, sizes that cannot be."""

import numpy as np

from node.exchange.core.command import COMMAND, Kind, Queue, Told
from node.exchange.core.state import WORLD
from node.exchange.exchange import Commands

BY_PRICE, BY_ORDER = (0, 3), (2, 4)
"""Markets that are told: by levels, and by orders; the second of each is a perpetual."""
_SHARE = 0.5  # of a market's orders that become its record's
_ORDERS = 60  # numbers that orders have
_SIZES = np.array([0, -1, 1 << 50, (1 << 63) - 1], np.int64)
_LEVELS = ((Kind.REPLAY_SET, 0.78), (Kind.REPLAY_TRADE, 0.215), (Kind.REPLAY_CLEAR, 0.005))
_EACH = (
    (Kind.REPLAY_ADD, 0.4), (Kind.REPLAY_MODIFY, 0.13), (Kind.REPLAY_CANCEL, 0.2), (Kind.REPLAY_FILL, 0.12),
    (Kind.REPLAY_TRADE, 0.145), (Kind.REPLAY_CLEAR, 0.005),
)  # fmt: skip
_KINDS = {**dict.fromkeys(BY_PRICE, _LEVELS), **dict.fromkeys(BY_ORDER, _EACH)}


def opening(dice: np.random.Generator, markets: int) -> Commands:
    """How to read what follows, of so many markets."""
    known = [each for each in _KINDS if each < markets]
    rows = np.zeros(len(known), COMMAND)
    rows["kind"], rows["market"], rows["account"] = Kind.REPLAY_BEGIN, known, WORLD
    rows["type"], rows["display"] = dice.integers(len(Queue), size=len(rows)), dice.integers(1, 5, len(rows))
    rows["price"], rows["quantity"], rows["trigger"] = 7, dice.integers(1, 4, len(rows)), dice.integers(1, 4, len(rows))
    return rows


def tell(rows: Commands, dice: np.random.Generator) -> None:
    """Makes what a record tells of some of the orders of a batch, at their prices."""
    for market, kinds in _KINDS.items():
        free = (rows["kind"] == Kind.NEW) & (rows["market"] == market)
        at = np.flatnonzero(free & (dice.random(len(rows)) < _SHARE))
        names, shares = zip(*kinds, strict=True)
        many = len(at)
        told = np.zeros(many, COMMAND)
        for name in ("time", "market", "ref", "side", "price"):
            told[name] = rows[name][at]
        told["kind"], told["account"] = dice.choice(names, many, p=shares), WORLD
        told["price"] += np.where(told["side"] == 0, -1, 1) * dice.integers(0, 3, many)
        told["quantity"] = np.where(
            dice.random(many) < 0.995, dice.integers(0, 90, many), _SIZES[dice.integers(len(_SIZES), size=many)]
        )
        told["order"] = dice.integers(0 if market in BY_ORDER else 1, _ORDERS, many)
        trades = told["kind"] == Kind.REPLAY_TRADE
        if market in BY_PRICE:
            told["order"] = 0
        told["flags"] = np.where(dice.random(many) < 0.7, int(Told.LAST), 0)
        told["flags"] |= np.where(~trades & (dice.random(many) < 0.1), int(Told.SNAPSHOT), 0).astype(np.uint8)
        rows[at] = told
    mine = (rows["kind"] != Kind.DEPOSIT) & (rows["kind"] < Kind.REPLAY_ADD) & (rows["account"] == WORLD)
    rows["account"][mine] = WORLD + 1
