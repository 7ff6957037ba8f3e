"""Parameters: what a request may say, read once as what it has to be, and told in the OpenAPI spec from the same table.

Numbers are read as Decimals or whole numbers from their text; no float is ever made of one.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Protocol, TypeAlias

from api.exchange import refusal

_DIGITS: Final = 20
_AMOUNT: Final = re.compile(rf"([0-9]{{1,{_DIGITS}}})(\.[0-9]{{1,{_DIGITS}}})?")
_LONG: Final = re.compile(rf"[0-9]{{1,{_DIGITS}}}\.[0-9]{{{_DIGITS + 1},}}")
_LEGAL_AMOUNT: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_MOST: Final = 2**63 - 1

Value: TypeAlias = str | int | Decimal | bool | tuple[str, ...]


class Kind(Protocol):
    """What a parameter's text has to be."""

    def read(self, name: str, text: str) -> Value:
        """Its value; a Refusal where it is none."""

    @property
    def schema(self) -> dict[str, object]:
        """As the spec tells it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Some text.

    Attributes:
        legal: a pattern that the whole of it has.
    """

    legal: str = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"

    def read(self, name: str, text: str) -> str:
        if not re.fullmatch(self.legal.removeprefix("^").removesuffix("$"), text):
            raise refusal.illegal(name, self.legal)
        return text

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": self.legal}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number.

    Attributes:
        least, most: its bounds.
    """

    least: int = 0
    most: int = _MOST

    def read(self, name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            raise refusal.illegal(name, r"^[0-9]{1,20}$")
        if not self.least <= int(text) <= self.most:
            raise refusal.invalid(name)
        return int(text)

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Amount:
    """A price or a quantity, above zero unless it may be zero."""

    zero: bool = False

    def read(self, name: str, text: str) -> Decimal:
        if _LONG.fullmatch(text):
            raise refusal.too_precise(name)
        if not (text.isascii() and _AMOUNT.fullmatch(text)):
            raise refusal.illegal(name, _LEGAL_AMOUNT)
        value = Decimal(text)
        if value == 0 and not self.zero:
            raise refusal.Refusal(-1013, f"Invalid {name}.")
        return value

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": _LEGAL_AMOUNT}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words.

    Attributes:
        code, line: of the refusal of any other.
    """

    words: tuple[str, ...]
    code: int = -1130
    line: str = ""

    def read(self, name: str, text: str) -> str:
        if text not in self.words:
            raise refusal.Refusal(self.code, self.line) if self.line else refusal.invalid(name)
        return text

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Truth:
    """true or false."""

    def read(self, name: str, text: str) -> bool:
        if text not in {"true", "false", "TRUE", "FALSE"}:
            raise refusal.illegal(name, "^(true|false)$")
        return text.lower() == "true"

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Names:
    """A JSON array of words."""

    def read(self, name: str, text: str) -> tuple[str, ...]:
        legal = '["BTCUSDT","ETHUSDT"]'
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            raise refusal.illegal(name, legal) from None
        if not isinstance(told, list) or not told or not all(isinstance(each, str) and each for each in told):
            raise refusal.illegal(name, legal)
        if len(set(told)) < len(told):
            raise refusal.Refusal(-1151, "Symbol is present multiple times in the list.")
        return tuple(told)

    @property
    def schema(self) -> dict[str, object]:
        return {"type": "string", "pattern": r'^\["[0-9A-Z]{1,20}"(,"[0-9A-Z]{1,20}")*\]$'}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One that a request may have."""

    name: str
    kind: Kind
    needed: bool = False

    @property
    def spec(self) -> dict[str, object]:
        """As OpenAPI's parameter of a query."""
        return {"name": self.name, "in": "query", "required": self.needed, "schema": self.kind.schema}


class Asked:
    """The parameters of a request as their values."""

    def __init__(self, known: Sequence[Parameter], sent: Iterable[tuple[str, str]]) -> None:
        pairs = list(sent)
        told = dict(pairs)
        if len(told) < len(pairs):
            raise refusal.twice()
        self._values: dict[str, Value] = {}
        for each in known:
            text = told.get(each.name)
            if text is None or (text == "" and each.needed):
                if each.needed:
                    raise refusal.missing(each.name)
                continue
            if text == "":
                raise refusal.empty(each.name)
            self._values[each.name] = each.kind.read(each.name, text)
        if len(self._values) < len(told):
            raise refusal.unread(len(self._values), len(told))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        value = self._values.get(name, default)
        return value if isinstance(value, str) else default

    def whole(self, name: str, default: int = 0) -> int:
        value = self._values.get(name, default)
        return value if isinstance(value, int) else default

    def amount(self, name: str) -> Decimal | None:
        value = self._values.get(name)
        return value if isinstance(value, Decimal) else None

    def names(self, name: str) -> tuple[str, ...]:
        value = self._values.get(name, ())
        return value if isinstance(value, tuple) else ()
