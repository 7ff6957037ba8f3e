"""Traffic: a made-up capture in the form of Binance's futures, where no recorded one is at hand."""

import json
from pathlib import Path
from typing import Final, TextIO

import numpy as np

_START: Final = 1_723_161_255 * 10**9
_LEVELS: Final = 1_000
_SHARES: Final = (0.70, 0.23, 0.07)  # of quotes, trades and changes of the book, as in a recorded one
_SIDES: Final = ("b", -1), ("a", 1)
_CHANGED: Final = 34  # levels a side and change, on average


def write(path: Path, messages: int, seed: int = 0) -> None:
    """Writes so many messages, the first of them a full picture of the book; 3.7 ms apart on average."""
    rng = np.random.default_rng(seed)
    times = _START + np.cumsum(rng.exponential(3.7e6, messages + 1).astype(np.int64))
    kinds = rng.choice(3, messages, p=_SHARES)
    kinds[-1] = 2  # the book shows what was traded
    middle = 610_000 + np.cumsum(rng.integers(-1, 2, messages))
    with path.open("w") as file:
        book = {
            side: [_level(610_000 + sign * (depth + 1), 1 + depth % 997) for depth in range(_LEVELS)]
            for side, sign in (("bids", -1), ("asks", 1))
        }
        _line(
            file, int(times[0]), {"lastUpdateId": 1, "E": int(times[0] // 10**6), "T": int(times[0] // 10**6), **book}
        )
        last = 1
        standing = {side: {610_000 + sign * (depth + 1) for depth in range(_LEVELS)} for side, sign in _SIDES}
        for kind, at, mid in zip(kinds.tolist(), times[1:].tolist(), middle.tolist(), strict=True):
            time = {"E": at // 10**6 + 1, "T": at // 10**6, "s": "BTCUSDT"}
            if kind == 0:
                size = rng.integers(1, 9_999, 2).tolist()
                (bid, has), (ask, wants) = _level(mid - 1, size[0]), _level(mid + 1, size[1])
                data = {"e": "bookTicker", "u": last, "s": "BTCUSDT", "b": bid, "B": has, "a": ask, "A": wants}
                data |= {"T": time["T"], "E": time["E"]}
            elif kind == 1:
                price, size = _level(mid, int(rng.integers(1, 999)))
                data = {"e": "trade", **time, "t": last, "p": price, "q": size, "X": "MARKET", "m": bool(last % 2)}
            else:
                changed = {}
                for side, sign in _SIDES:
                    depths = np.unique(rng.geometric(0.01, rng.poisson(_CHANGED) + 1))
                    sizes = rng.integers(0, 9_999, len(depths)) * (rng.random(len(depths)) > 0.3)
                    passed = sorted(each for each in standing[side] if (each - mid) * sign <= 0)  # no book is crossed
                    levels = [(mid + sign * int(d), int(s)) for d, s in zip(depths, sizes, strict=True)]
                    changed[side] = [_level(*each) for each in [*((each, 0) for each in passed), *levels]]
                    standing[side].difference_update(passed)
                    standing[side].update(price for price, size in levels if size)
                data = {"e": "depthUpdate", **time, "U": last + 1, "u": last + 1, "pu": last, **changed}
                last += 1
            names = ("bookTicker", "trade", "depth@0ms")
            _line(file, at, {"stream": f"btcusdt@{names[kind]}", "data": data})


def _line(file: TextIO, at: int, message: object) -> None:
    file.write(f"{at} {json.dumps(message, separators=(',', ':'))}\n")


def _level(price: int, size: int) -> list[str]:
    return [f"{price / 10:.2f}", f"{size / 1000:.3f}"]
