"""hftbacktest: a recorded market replayed with the latency and the queues of one who would trade in it.

Run by `bench/exchange.py`: `python hft_replay.py l2|l3 DATA.npz TICK LOT`, whose rows are of its own event dtype.
"""

import sys

import numpy as np
from hft import to_the_end
from hftbacktest import BacktestAsset, HashMapMarketDepthBacktest
from turns import serve

LATENCY_NS = 1_000_000
POWER = 3.0


def prepared(what: str, data: np.ndarray, tick: float, lot: float) -> HashMapMarketDepthBacktest:
    """A backtest; only the book, the queues and the delays are kept."""
    asset = BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(LATENCY_NS, LATENCY_NS)
    asset = asset.l3_fifo_queue_model() if what == "l3" else asset.power_prob_queue_model(POWER)
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0).tick_size(tick).lot_size(lot)
    return HashMapMarketDepthBacktest([asset])


def main() -> None:
    what, tick, lot = sys.argv[1], float(sys.argv[3]), float(sys.argv[4])
    data = np.load(sys.argv[2])["data"]
    backtest = prepared(what, data, tick, lot)
    to_the_end(backtest)  # compiled now
    depth = backtest.depth(0)
    top = [depth.best_bid, depth.best_ask]
    backtest.close()
    serve(lambda: prepared(what, data, tick, lot), to_the_end, top=top)


main()
