"""A market maker: one order a side, moved with the price."""

from node.exchange.tester import POST_ONLY, Book, Orders, Strategy


class Maker(Strategy):
    """Quotes `gap` ticks from the best prices, and stops on a side once it holds `most` times its size."""

    def __init__(self, size: float = 0.001, gap: int = 0, most: float = 10.0, every_ms: int = 100) -> None:
        self.every = every_ms * 1_000_000
        self.size, self.gap, self.most = size, gap, most
        self.bid, self.ask = 0, 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if book.bid_size == 0 or book.ask_size == 0:
            return
        size, most = book.lots(self.size), book.lots(self.size * self.most)
        bid, ask = book.bid - self.gap, book.ask + self.gap
        if orders.left(self.bid) > 0 and orders.price(self.bid) != bid:
            orders.cancel(self.bid)
        elif orders.left(self.bid) == 0 and book.position + size <= most:
            self.bid = orders.buy(bid, size, POST_ONLY)
        if orders.left(self.ask) > 0 and orders.price(self.ask) != ask:
            orders.cancel(self.ask)
        elif orders.left(self.ask) == 0 and book.position - size >= -most:
            self.ask = orders.sell(ask, size, POST_ONLY)
