"""limit-order-book: a book in C++ that Python calls for every order.

Run by `bench/exchange.py`: `python lone_orders.py ROWS.npy`, whose columns are what (0 a limit order, 1 a market order,
2 a cancel), side, price, quantity and the order's number.
"""

import sys

import numpy as np
from limit_order_book import LimitOrderBook
from turns import serve

BUY, SELL = True, False


def main() -> None:
    rows = np.load(sys.argv[1]).tolist()

    def work(book: LimitOrderBook) -> None:
        limit, market, cancel = book.limit, book.market, book.cancel
        for what, side, price, quantity, number in rows:
            if what == 0:
                limit(side, number, quantity, price)
            elif what == 1:
                market(side, number, quantity)
            else:
                cancel(number)

    book = LimitOrderBook()
    work(book)
    serve(LimitOrderBook, work, orders=book.count())


main()
