"""Spec: what a backtest is asked for, as people write it."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

import numpy as np

from fusion.errors import BadInput
from node.exchange.core.command import Queue
from node.exchange.replay.history import ALWAYS
from node.exchange.replay.latency import Delay, Latency, constant, sampled
from node.exchange.replay.tape import Model

_UNITS: Final = {"ns": 1, "us": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_LONGEST: Final = 24_000 * 3600 * 10**9
"""ns; a time of today and this are no more than 64 bits hold."""
_DRAWS: Final = 1024
_DIRECTIONS: Final = ("entry", "response", "feed")


Recorded: TypeAlias = Callable[[str, int | None], Delay]
"""Gives recorded delays by a clock, `event` or `recv`, the shortest of so many ns."""


def latency(text: str, seed: int = 0, recorded: Recorded | None = None) -> Latency:
    """`10ms` each way; or `entry=1ms,response=1ms,feed=500us`, what is left out is 0; `1ms..5ms` is evenly by chance;
    `recorded` as the record's messages took, `recorded:1ms` the same moved so that the shortest took so long.

    Args:
        recorded: gives what was recorded; None: it is only checked.

    Raises:
        BadInput: it cannot be read.
    """
    parts = dict.fromkeys(_DIRECTIONS, "0ns")
    if "=" not in text:
        parts = dict.fromkeys(_DIRECTIONS, text)
    else:
        for part in text.split(","):
            name, _, value = part.partition("=")
            if name not in parts:
                raise BadInput(f"--latency {text}: {name!r} is none of {', '.join(_DIRECTIONS)}")
            parts[name] = value
    entry, response, feed = (
        _recorded(parts[name], name, recorded) if is_recorded(parts[name]) else _delay(parts[name], seed + at)
        for at, name in enumerate(_DIRECTIONS)
    )
    return Latency(entry, response, feed)


def is_recorded(text: str) -> bool:
    """Whether a latency, or one of its directions, is as recorded."""
    return "recorded" in text


def _recorded(text: str, direction: str, recorded: Recorded | None) -> Delay:
    name, colon, least = text.strip().partition(":")
    if name != "recorded":
        raise BadInput(f"--latency {text}: write it as recorded, or recorded:1ms")
    shortest = duration(least, "--latency") if colon else None
    if recorded is None:
        return constant(0)
    return recorded("recv" if direction == "entry" else "event", shortest)  # a trader sends by the recorder's clock


def _delay(text: str, seed: int) -> Delay:
    least, dots, most = text.partition("..")
    if not dots:
        return constant(duration(text, "--latency"))
    low, high = duration(least, "--latency"), duration(most, "--latency")
    if low > high:
        raise BadInput(f"--latency {text}: the least comes first")
    return sampled(np.linspace(low, high, _DRAWS).astype(np.int64), seed)


def queue(text: str) -> Model:
    """`risk-averse`, `log`, `power` or `power:3`."""
    name, _, power = text.partition(":")
    kinds = {each.name.lower().replace("_", "-"): each for each in Queue}
    if name not in kinds or (power and (name != "power" or not (power.isascii() and power.isdigit()))):
        raise BadInput(f"--queue {text}: give one of {', '.join(kinds)}, or a power such as power:3")
    return Model(kinds[name], int(power or 3))


def duration(text: str, option: str) -> int:
    """`250us`, `10ms`, `1.5s` in ns."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ns|us|ms|s|m|h)", text.strip())
    if found is None:
        raise BadInput(f"{option}: {text!r} is no time; write it as 250us, 10ms, 1s, 5m or 1h")
    ns = Decimal(found[1]) * _UNITS[found[2]]
    if ns > _LONGEST:
        raise BadInput(f"{option}: {text[:40]} is too long; 24000h is the most")
    return int(ns)


def moment(text: str, option: str) -> int:
    """`2024-08-08T23:00:00.5`, UTC where no zone is told, or seconds since 1970; in ns."""
    if re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,9})?", text):
        return int(Decimal(text) * 10**9)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option} {text[:40]}: give a time such as 2024-08-08T23:00, UTC") from None
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    if since < timedelta(0):
        raise BadInput(f"{option} {text}: times begin with 1970")
    return (since // timedelta(microseconds=1)) * 1000


def span(begin: str | None, end: str | None) -> tuple[int, int]:
    """From `--from` on and before `--to`, ns."""
    first, last = ALWAYS
    return moment(begin, "--from") if begin else first, moment(end, "--to") if end else last


def fees(text: str) -> tuple[int, int]:
    """`MAKER,TAKER` in basis points, as ppm: `-0.5,4` is -50 and 400."""
    try:
        maker, taker = (Decimal(part) * 100 for part in text.split(","))
        if maker != int(maker) or taker != int(taker):
            raise ValueError
    except (InvalidOperation, ValueError, OverflowError):
        raise BadInput(f"--fees {text}: give the maker's and the taker's in basis points, such as 1,5") from None
    return int(maker), int(taker)


def value(text: str) -> "str | int | float | bool":
    """A parameter: a whole number, a number, true or false, or text."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def shown(parameter: "str | int | float | bool") -> "str | int | float | bool":
    """A parameter as it can be told in JSON, which has no NaN and nothing infinite: as text there."""
    return str(parameter) if isinstance(parameter, float) and not math.isfinite(parameter) else parameter


def amount(text: str, option: str) -> Decimal:
    """An amount above 0."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(0)
    if not found.is_finite() or not 0 < found < 10**10:
        raise BadInput(f"{option} {text}: give an amount above 0 and below ten billion")
    return found
