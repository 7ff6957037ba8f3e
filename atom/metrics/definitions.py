"""All metrics, by the machine that makes them."""

from typing import Final

from atom.metrics.adl import ADL
from atom.metrics.basis import BASIS
from atom.metrics.connection import CONNECTION
from atom.metrics.definition import CLOCK, OURS, Definition, Group
from atom.metrics.insurance import INSURANCE
from atom.metrics.interest import INTEREST
from atom.metrics.parameters import documented
from atom.metrics.ratios import LONG_SHORT, TAKER
from atom.metrics.transfers import TRANSFERS

_SOUND: Final = "while the book is invalid, crossed or lacks a side"
_WHOLE: Final = "of a period that is not whole"
_USUAL: Final = "usual"
_PERIOD: Final = ("period",)
_CLUSTERS: Final = ("period", "cluster_range", "cluster_width")

BOOK: Final = Group(
    "book",
    "The book after each message",
    "atom.metrics.BookMetrics, `messages`",
    "one row after each message of the book; the values after the last message of a period stand in its row too",
    (
        Definition("mid", "quote", "(bid + ask) / 2", _USUAL, null=_SOUND),
        Definition("spread", "quote", "ask - bid", _USUAL, null=_SOUND),
        Definition(
            "imbalance",
            "1",
            "(bid size - ask size) / (bid size + ask size), at the best prices",
            "Gould and Bonart, Queue imbalance as a one-tick-ahead price predictor in a limit order book, 2016, eq. 1",
            null=_SOUND,
        ),
        Definition(
            "microprice",
            "quote",
            "(bid * ask size + ask * bid size) / (bid size + ask size)",
            "Gatheral and Oomen, Zero-intelligence realized variance estimation, 2010; the weighted mid of Stoikov, "
            "The "
            "micro-price: a high-frequency estimator of future prices, 2018",
            null=_SOUND,
        ),
        Definition(
            "imbalance_levels",
            "1",
            "the same of the sizes of the best `levels` of each side together",
            "Cao, Hansch and Wang, The information content of an open limit-order book, 2009",
            ("levels",),
            null=_SOUND,
        ),
        Definition(
            "imbalance_orders",
            "1",
            "the same of the number of orders there",
            "as above, with orders counted instead of size",
            ("levels",),
            null=f"{_SOUND}; of a book by price",
        ),
        *(
            Definition(
                f"{side}_depth_{{bps}}",
                "base",
                f"size of {side}s no further than so many bps from the mid; what the venue tells of a book may end "
                f"before",
                _USUAL,
                ("depths",),
                null=f"{_SOUND}; where the mid is 0 or less",
            )
            for side in ("bid", "ask")
        ),
    ),
    (*documented(), CLOCK),
)

_COUNTED: Final = (
    "by order: orders; by price: levels; a picture of the book counts nothing, nor does a delete of what it lacks"
)
_LOB: Final = "Cont, Stoikov and Talreja, A stochastic model for order book dynamics, 2010 (the events of a book)"

PERIODS: Final = Group(
    "period",
    "What happened in a period",
    "atom.metrics.BookMetrics, `periods`",
    "one row for each period in which something happened, at its end, known when something happens after it",
    (
        Definition(
            "whole",
            "1",
            "1 where the book was sound from the beginning of the period to its end, else 0: a gap, a crossed book, "
            "or the "
            "beginning of the recording",
            OURS,
            _PERIOD,
        ),
        Definition("inserts", "count", f"rows that made one ({_COUNTED})", _LOB, _PERIOD, null=_WHOLE),
        Definition("updates", "count", "rows that changed one and left it", _LOB, _PERIOD, null=_WHOLE),
        Definition("deletes", "count", "rows that took one out", _LOB, _PERIOD, null=_WHOLE),
        *(
            Definition(
                f"{name}_ratio",
                "1",
                f"{name}s / (inserts + updates + deletes)",
                _LOB,
                _PERIOD,
                null=f"{_WHOLE}, or without any",
            )
            for name in ("insert", "update", "delete")
        ),
        Definition(
            "ofi",
            "base",
            "order flow imbalance: over changes of the top, sum of [bid >= before] bid size - [bid <= before] bid "
            "size before "
            "- [ask <= before] ask size + [ask >= before] ask size before",
            "Cont, Kukanov and Stoikov, The price impact of order book events, 2014, eq. 4",
            _PERIOD,
            null=_WHOLE,
        ),
        Definition("buy_volume", "base", "sum of trades whose aggressor bought", "Binance, CryptoQuant", _PERIOD),
        Definition("sell_volume", "base", "sum of trades whose aggressor sold", "Binance, CryptoQuant", _PERIOD),
        Definition(
            "taker_ratio",
            "1",
            "buy_volume / sell_volume",
            "Binance, Taker Buy/Sell Volume; CryptoQuant, Taker Buy Sell Ratio",
            _PERIOD,
            null="where nobody sold",
        ),
        Definition(
            "vpin",
            "1",
            "mean of |bought - sold| / volume over the last `vpin_buckets` buckets of `vpin_volume`; who bought is "
            "known and "
            "not estimated; a trade without aggressor counts to volume alone",
            "Easley, Lopez de Prado and O'Hara, Flow toxicity and liquidity in a high-frequency world, 2012",
            ("period", "vpin_volume", "vpin_buckets"),
            "`vpin_buckets` full buckets",
        ),
        Definition(
            "kyle_lambda",
            "quote / base",
            "slope of the least-squares line through (bought - sold, change of the mid) of the last `kyle_periods` "
            "periods",
            "Kyle, Continuous auctions and insider trading, 1985; as a regression Hasbrouck, Empirical Market "
            "Microstructure, 2007",
            ("period", "kyle_periods"),
            "`kyle_periods` whole periods on end",
            f"{_WHOLE}; where all volumes are equal",
        ),
        Definition(
            "realised_volatility",
            "1",
            "root of the sum of squared log returns of the mid over the last `volatility_periods` periods; not "
            "annualised",
            "Andersen, Bollerslev, Diebold and Labys, Modeling and forecasting realized volatility, 2003",
            ("period", "volatility_periods"),
            "`volatility_periods` whole periods on end",
            f"{_WHOLE}; where a mid is 0 or less",
        ),
        *(
            Definition(
                f"queue_{side}",
                "base",
                f"size ahead, at the period's end, of an order that joined the best {side} at its beginning; by "
                f"order exact, by "
                "price an estimate: trades are taken from the front, what else disappears evenly from the queue",
                "Moallemi and Yuan, A model for queue position valuation in a limit order book, 2016; Rigtorp, "
                "Estimating "
                "order queue position, 2013",
                _PERIOD,
                null=f"{_WHOLE}; by order, after a new picture of the book",
            )
            for side in ("bid", "ask")
        ),
        *(
            definition
            for side in ("bid", "ask")
            for definition in (
                Definition(
                    f"cluster_{side}_distance",
                    "bps",
                    f"distance from the mid to the middle of the bucket of prices that holds most {side}s, the "
                    "nearest of equals; `BookMetrics.profile` tells all buckets",
                    OURS,
                    _CLUSTERS,
                    null=f"{_WHOLE}; where the range holds none",
                ),
                Definition(
                    f"cluster_{side}_share",
                    "1",
                    f"size in that bucket / size of all {side}s within the range",
                    OURS,
                    _CLUSTERS,
                    null=f"{_WHOLE}; where the range holds none",
                ),
            )
        ),
    ),
    (*documented(), CLOCK),
)

_GMX: Final = "GMX v1: GlpManager.getAum, getPrice; Vault.getTargetUsdgAmount"
GLP: Final = Group(
    "glp",
    "GLP",
    "atom.metrics.glp.GlpMetrics, columns of `pool` and of `tokens` without the first word",
    "one row for each state of the pool, and one for each of its tokens",
    (
        Definition(
            "glp_aum",
            "USD",
            "what the pool would have if all positions were closed now",
            _GMX,
            null="where the contract would revert",
        ),
        Definition("glp_price", "USD", "aum / supply", _GMX, null="as above, and without supply"),
        Definition(
            "glp_utilisation", "1", "reserved / pool, of all tokens by value", _GMX, null="where there is no pool"
        ),
        Definition("glp_token_value", "USD", "pool * price of a token", _GMX),
        Definition("glp_token_utilisation", "1", "reserved / pool of a token", _GMX, null="where there is no pool"),
        Definition("glp_token_share", "1", "USDG debt of a token / that of all", _GMX, null="without any"),
        Definition("glp_token_target", "1", "weight of a token / sum of weights", _GMX, null="where all are zero"),
        Definition("glp_token_gap", "1", "share - target", _GMX, null="where one of them is"),
    ),
)

GROUPS: Final = (
    BOOK,
    PERIODS,
    LONG_SHORT,
    TAKER,
    BASIS,
    CONNECTION,
    TRANSFERS,
    ADL,
    INSURANCE,
    INTEREST,
    GLP,
)
"""All metrics in the order of the documentation."""

DEFINITIONS: Final = {definition.name: definition for group in GROUPS for definition in group.definitions}
"""All metrics by name."""
