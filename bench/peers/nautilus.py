"""nautilus_trader's book by price, fed with the changes of a recorded one: a batch for each message.

Run by `bench/atom.py`: `python nautilus.py ROWS.npy`, whose rows are of the dtype `atom.events.BOOK`.
"""

import sys
from itertools import groupby

import numpy as np
from nautilus_trader.core.nautilus_pyo3 import FIXED_SCALAR
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDelta, OrderBookDeltas
from nautilus_trader.model.enums import BookAction, BookType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from turns import serve

NAME = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
ACTIONS = {1: BookAction.ADD, 2: BookAction.UPDATE, 3: BookAction.DELETE, 5: BookAction.CLEAR}
SIDES = {0: OrderSide.NO_ORDER_SIDE, 1: OrderSide.BUY, 2: OrderSide.SELL}
LAST = 128


def batches(rows: np.ndarray) -> list[OrderBookDeltas]:
    """A batch a message; prices and sizes as fixed-point numbers of its own scale."""
    tick, lot = int(FIXED_SCALAR) // 10, int(FIXED_SCALAR) // 1000
    made = []
    message = np.cumsum(np.concatenate(([0], (rows["flags"][:-1] & 1) != 0)))
    fields = zip(*(rows[name].tolist() for name in ("action", "side", "price", "size")), message.tolist(), strict=True)
    for number, changes in groupby(fields, key=lambda row: row[4]):
        deltas = [
            OrderBookDelta.from_raw(
                NAME, ACTIONS[action], SIDES[side], price * tick, 1, size * lot, 3, 0, 0, number, number, number
            )
            for action, side, price, size, _ in changes
        ]
        made.append(OrderBookDeltas(NAME, deltas))
    return made


def main() -> None:
    deltas = batches(np.load(sys.argv[1]))

    def work(book: OrderBook) -> None:
        for batch in deltas:
            book.apply_deltas(batch)

    book = OrderBook(NAME, BookType.L2_MBP)
    work(book)
    top = [str(book.best_bid_price()), str(book.best_ask_price())]
    serve(lambda: OrderBook(NAME, BookType.L2_MBP), work, top=top)


main()
