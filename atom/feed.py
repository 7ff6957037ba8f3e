"""Feeds: where market data come from, named by one setting."""

from pathlib import Path

from atom.reader import read_capture
from atom.recording import Recording
from atom.venues import is_known, known
from atom.venues.simulated import OPENS, simulate
from fusion.errors import BadInput

_LARGEST_SEED = 2**64
_DIGITS = 20  # of it
_LATEST = 9_000_000_000  # a second whose nanoseconds fit in 64 bits, with room for a long market


def open_feed(feed: str, *, symbol: str | None = None) -> Recording:
    """The recording that a feed names.

    Args:
        feed: `simulated`, `simulated:<seed>`, `simulated:<seed>@<second>` for one that opens in that second since 1970
            UTC, or `<venue>:<file>` for recorded traffic.
        symbol: which one, where a capture holds several: `BTC-USDT`.

    Raises:
        BadInput: the feed is malformed, its venue unknown, or its capture holds several symbols and none was chosen.
        CaptureError: the file is missing, cut short or no capture of that venue.
    """
    venue, colon, rest = feed.partition(":")
    if venue == "simulated":
        return _simulated(rest if colon else "0")
    if not is_known(venue):
        names = ", ".join(["simulated", *known()])
        raise BadInput(f"unknown venue {venue[:40]!r} in the feed {feed[:80]!r}; known are {names}")
    if not rest:
        raise BadInput(f"a feed is `simulated`, `simulated:<seed>` or `<venue>:<file>`, not {feed[:80]!r}")
    recordings = {one.events.instrument.symbol: one for one in read_capture(venue, [Path(rest)]).recordings}
    if symbol is None and len(recordings) == 1:
        return next(iter(recordings.values()))
    if symbol not in recordings:
        asked = "choose one" if symbol is None else f"{symbol!r} is not among them"
        raise BadInput(f"{rest} holds {', '.join(sorted(recordings))}; {asked}")
    return recordings[symbol]


def _simulated(told: str) -> Recording:
    seed, at, second = told.partition("@")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= _DIGITS and int(seed) < _LARGEST_SEED):
        raise BadInput(f"the seed of the simulated venue is a whole number from 0 to 2**64 - 1, not {seed[:40]!r}")
    if at and not (second.isascii() and second.isdigit() and len(second) <= _DIGITS and int(second) <= _LATEST):
        raise BadInput(f"the simulated venue opens in a second from 0 to {_LATEST}, not {second[:40]!r}")
    events = simulate(int(seed), opens=int(second) * 10**9 if at else OPENS)
    messages = len(set(events.book["sequence"].tolist()))
    return Recording(events, messages=messages, unexplained=0, trades=len(events.trade), gaps=0)
