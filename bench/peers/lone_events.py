"""nautilus_trader: its backtest engine, with a strategy in Python that is told of every quote.

Run by `bench/exchange.py`: `python lone_events.py QUOTES.npy`, whose columns are ns, bid, ask (in ticks of 0.01) and
size (in lots of 0.001).
"""

import sys
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from turns import serve

EVERY = 1000
INSTRUMENT = TestInstrumentProvider.btcusdt_perp_binance()


class Average(Strategy):
    """Keeps an average of the middle price, and turns round once a thousand events."""

    def on_start(self) -> None:
        self.count, self.mean = 0, 0.0
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.count += 1
        self.mean += 0.01 * (0.5 * (tick.bid_price.as_double() + tick.ask_price.as_double()) - self.mean)
        if self.count % EVERY == 0:
            side = OrderSide.BUY if self.count // EVERY % 2 else OrderSide.SELL
            self.submit_order(self.order_factory.market(INSTRUMENT.id, side, INSTRUMENT.make_qty(Decimal("0.01"))))


def main() -> None:
    columns = np.load(sys.argv[1])
    digits, lots = INSTRUMENT.price_precision, INSTRUMENT.size_precision
    quotes = [
        QuoteTick(
            INSTRUMENT.id, Price(bid / 100, digits), Price(ask / 100, digits), Quantity(size / 1000, lots),
            Quantity(size / 1000, lots), time, time,
        )
        for time, bid, ask, size in columns.tolist()
    ]  # fmt: skip

    def prepared() -> tuple[BacktestEngine, Average]:
        engine, strategy = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True))), Average()
        engine.add_venue(
            Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, base_currency=None,
            starting_balances=[Money(10_000_000, USDT)],
        )  # fmt: skip
        engine.add_instrument(INSTRUMENT)
        engine.add_data(quotes)
        engine.add_strategy(strategy)
        return engine, strategy

    engine, strategy = prepared()
    engine.run()
    serve(lambda: prepared()[0], lambda engine: engine.run(), mean=strategy.mean)


main()
