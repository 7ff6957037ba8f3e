"""hftbacktest: its book by order, replayed to the end; and its files, written and read.

Run by `bench/atom.py`: `python hft.py l3|write|read DATA.npz`, whose rows are of its own event dtype.
"""

import sys
from pathlib import Path

import numpy as np
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from numba import njit
from turns import serve


@njit
def to_the_end(backtest: HashMapMarketDepthBacktest) -> int:
    """Steps of a minute until the data end."""
    steps = 0
    while backtest.elapse(60_000_000_000) == 0:
        steps += 1
    return steps


def prepared(data: np.ndarray) -> HashMapMarketDepthBacktest:
    """A backtest without any strategy: only the book is kept."""
    asset = (
        BacktestAsset()
        .data(data)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .l3_fifo_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(0.01)
        .lot_size(0.001)
    )
    return HashMapMarketDepthBacktest([asset])


def main() -> None:
    what, path = sys.argv[1], Path(sys.argv[2])
    data = np.load(path)["data"]
    out = path.with_name("theirs.npz")
    if what == "l3":
        backtest = prepared(data)
        to_the_end(backtest)  # compiled now
        depth = backtest.depth(0)
        top = [depth.best_bid, depth.best_ask]
        backtest.close()
        serve(lambda: prepared(data), to_the_end, top=top)
    elif what == "write":
        serve(lambda: data, lambda rows: np.savez_compressed(out, data=rows))
    else:
        np.savez_compressed(out, data=data)
        serve(lambda: out, lambda file: np.load(file)["data"], bytes=out.stat().st_size)


if __name__ == "__main__":
    main()
