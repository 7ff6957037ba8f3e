"""Values written as NAME=VALUE on the command line."""

import math
from collections.abc import Sequence

from fusion.errors import BadInput

Setting = int | float | bool | str


def parse_settings(pairs: Sequence[str]) -> dict[str, Setting]:
    """Settings by name; `true`, `3`, `0.5` are read as what they look like, all else is text."""
    return {name: _setting(value) for name, value in _pairs(pairs, "--set").items()}


def parse_shares(pairs: Sequence[str], option: str) -> dict[str, int]:
    """Parts per million by name."""
    from fusion.market.splits import parse_percent

    return {name: parse_percent(value, f"{option} {name}") for name, value in _pairs(pairs, option).items()}


def _pairs(pairs: Sequence[str], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
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
