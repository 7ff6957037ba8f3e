"""Values written as NAME=VALUE on the command line."""

import math
from collections.abc import Sequence
from datetime import date, datetime

from fusion.errors import BadInput

Setting = int | float | bool | str
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}  # seconds
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}  # bytes


def parse_settings(texts: Sequence[str]) -> dict[str, Setting]:
    """Settings by name; `true`, `3`, `0.5` are read as what they look like, all else is text."""
    return {name: _setting(value) for name, value in pairs(texts, "--set").items()}


def parse_shares(texts: Sequence[str], option: str) -> dict[str, int]:
    """Parts per million by name."""
    from fusion.market.splits import parse_percent

    return {name: parse_percent(value, f"{option} {name}") for name, value in pairs(texts, option).items()}


def parse_seconds(text: str, option: str) -> int:
    """Seconds of `90`, `90s`, `15m`, `6h` or `30d`."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in UNITS else (text, "s")
    if not number.isascii() or not number.isdigit() or len(number) > 12:
        raise BadInput(f"{option} is {text!r}: give seconds, or a time such as 15m, 6h or 30d")
    return int(number) * UNITS[unit]


def parse_bytes(text: str, option: str) -> int:
    """Bytes of `1073741824`, `512MiB` or `4GiB`."""
    number, unit = (text[:-3], text[-3:]) if text[-3:] in SIZES else (text, "")
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise BadInput(f"{option} is {text!r}: give bytes, or a size such as 512MiB or 4GiB")
    return int(number) * SIZES.get(unit, 1)


def parse_moment(text: str, option: str, now: int) -> int:
    """The second that `1735689600`, `2025-01-01T00:00:00Z` or a time from `now` such as `15m` names."""
    if text.isascii() and text.isdigit() and len(text) == len("1735689600"):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        if moment.tzinfo is None:
            raise BadInput(f"{option} is {text!r}: say of which time zone, as in {text}Z")
        return int(moment.timestamp())
    try:
        return now + parse_seconds(text, option)
    except BadInput:
        raise BadInput(
            f"{option} is {text!r}: give a time from now such as 15m, a second since 1970, or 2025-01-01T00:00:00Z"
        ) from None


def parse_day(text: str, option: str) -> date:
    """A day, such as 2024-01-31."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{option} takes a day such as 2024-01-31, not {text[:40]!r}") from error


def parse_share(text: str, option: str) -> float:
    """The part of one that `0.05` or `5%` names."""
    number, whole = (text[:-1], 100) if text.endswith("%") else (text, 1)
    try:
        share = float(number) / whole
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise BadInput(f"{option} is {text!r}: give a share from 0 to 1, or a percentage, such as 0.05 or 5%")
    return share


def parse_bps(text: str, option: str) -> int:
    """Basis points of `2.5%`."""
    from fusion.market.splits import parse_percent

    ppm = parse_percent(text, option)
    if ppm % 100:
        raise BadInput(f"{option} is {text!r}: give a percentage with at most two decimals")
    return ppm // 100


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """What is written as NAME=VALUE, by name; BadInput when it is not, or a name comes twice."""
    found: dict[str, str] = {}
    for pair in texts:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadInput(f"{option} is {pair!r}: write it as NAME=VALUE")
        if name in found:
            raise BadInput(f"{option} gives {name} twice")
        found[name] = value
    return found


def _setting(text: str) -> Setting:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
