"""A first strategy: follows whoever took last, for a second."""

from node.exchange.tester import BUY, SELL, TRADE, Book, Event, Orders, Strategy


class First(Strategy):
    def __init__(self, size: float = 0.001) -> None:
        self.size = size

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        lots = book.lots(self.size)
        if event.kind == TRADE and orders.open == 0:
            if event.side == BUY and book.position <= 0:
                orders.market(BUY, lots - book.position)
            elif event.side == SELL and book.position >= 0:
                orders.market(SELL, lots + book.position)
