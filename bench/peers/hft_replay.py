"""hftbacktest: a recorded market replayed to one who quotes at its best prices, a lot each, anew every second.

Run by `bench/exchange.py`: `python hft_replay.py l2|l3 DATA.npz TICK LOT`, whose rows are of its own event dtype. It
keeps two books, its trader's as late as the news is and its venue's with the places of the orders in their queues.
"""

import sys

import numpy as np
from hftbacktest import GTC, LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from numba import njit
from turns import serve

NOT_WAITING = False
LATENCY_NS = 1_000_000
POWER = 3.0


@njit
def quote(backtest: HashMapMarketDepthBacktest, lot: float) -> int:
    """Quotes until the data end; how many orders were given."""
    given = 0
    while backtest.elapse(1_000_000_000) == 0:
        orders = backtest.orders(0)
        for number in (given - 1, given):
            if number > 0 and number in orders and orders.get(number).cancellable:
                backtest.cancel(0, number, NOT_WAITING)
        backtest.clear_inactive_orders(0)
        depth = backtest.depth(0)
        if depth.best_bid_qty > 0 and depth.best_ask_qty > 0:
            backtest.submit_buy_order(0, given + 1, depth.best_bid, lot, GTC, LIMIT, NOT_WAITING)
            backtest.submit_sell_order(0, given + 2, depth.best_ask, lot, GTC, LIMIT, NOT_WAITING)
            given += 2
    return given


def prepared(what: str, data: np.ndarray, tick: float, lot: float) -> HashMapMarketDepthBacktest:
    """A backtest."""
    asset = BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(LATENCY_NS, LATENCY_NS)
    asset = asset.l3_fifo_queue_model() if what == "l3" else asset.power_prob_queue_model(POWER)
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(0.0, 0.0).tick_size(tick).lot_size(lot)
    return HashMapMarketDepthBacktest([asset])


def ended(backtest: HashMapMarketDepthBacktest, orders: int) -> dict[str, object]:
    """What a backtest ends with; it is closed then."""
    depth = backtest.depth(0)
    told = {
        "orders": orders,
        "fills": int(backtest.state_values(0).num_trades),
        "top": [depth.best_bid, depth.best_ask],
    }
    backtest.close()
    return told


def main() -> None:
    what, tick, lot = sys.argv[1], float(sys.argv[3]), float(sys.argv[4])
    data = np.load(sys.argv[2])["data"]
    serve(lambda: prepared(what, data, tick, lot), lambda backtest: quote(backtest, lot), ended)


main()
