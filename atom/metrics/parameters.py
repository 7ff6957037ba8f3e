# ruff: noqa: RUF009 - each call makes a field of the dataclass, as `field` itself does
"""Parameters: what may be chosen of the order-book metrics, with defaults and bounds."""

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TypeVar

from atom.metrics.definition import Parameter
from fusion.errors import BadInput

_SECOND = 10**9
_LARGEST = 10**15  # lots of a bucket

_Value = TypeVar("_Value")


def _within(default: _Value, least: object, most: object, unit: str, meaning: str) -> _Value:
    return field(default=default, metadata={"least": least, "most": most, "unit": unit, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the order-book metrics are made with; `PARAMETERS` tells units, bounds and meaning of each.

    Raises:
        BadInput: a value is out of its bounds.
    """

    period: int = _within(_SECOND, 10**6, 86_400 * _SECOND, "ns", "length of a period, counted from 1970 UTC")
    levels: int = _within(5, 1, 1_000, "levels", "best levels a side whose sizes and orders are compared")
    depths: tuple[int, ...] = _within(
        (1, 5, 10, 25), 1, 9_999, "bps", "distances from the mid within which size is summed, ascending"
    )
    vpin_volume: Decimal = _within(
        Decimal(10), Decimal(0), None, "base", "volume of a bucket; the paper takes 1/50 of the mean daily volume"
    )
    vpin_buckets: int = _within(50, 1, 100_000, "buckets", "buckets that VPIN is the mean of")
    kyle_periods: int = _within(60, 3, 100_000, "periods", "periods that Kyle's lambda is fitted to")
    volatility_periods: int = _within(60, 1, 100_000, "periods", "returns that realised volatility sums")
    cluster_range: int = _within(100, 1, 9_999, "bps", "distance from the mid within which clusters are looked for")
    cluster_width: int = _within(5, 1, 9_999, "bps", "width of a bucket of prices")

    def __post_init__(self) -> None:
        for name, one in PARAMETERS.items():
            value = getattr(self, name)
            values = value if isinstance(value, tuple) else (value,)
            if not values or not all(map(one.holds, values)):
                raise BadInput(f"{name} is {one} {one.unit}, not {_text(value)}")
        if list(self.depths) != sorted(set(self.depths)):
            raise BadInput(f"depths ascend and differ; {self.depths} do not")

    def bucket(self, lot: Decimal) -> int:
        """Lots of a bucket of VPIN: the nearest to `vpin_volume`, at least one."""
        lots = int((self.vpin_volume / lot).to_integral_value())
        if lots > _LARGEST:
            raise BadInput(f"vpin_volume {self.vpin_volume} is {lots} lots of {lot}; at most {_LARGEST} fit")
        return max(1, lots)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a parameter may be.

    Attributes:
        least, most: inclusive; of one without `most` the least is exclusive.
        unit: what it counts.
        meaning: one line for a person.
    """

    least: int | Decimal
    most: int | None
    unit: str
    meaning: str

    def __str__(self) -> str:
        return f"above {self.least}" if self.most is None else f"{self.least} to {self.most}"

    def holds(self, value: object) -> bool:
        """Whether a value is within the bounds."""
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return False
        if self.most is None:
            return Decimal(value).is_finite() and value > self.least
        return isinstance(value, int) and self.least <= value <= self.most


PARAMETERS = {one.name: Bound(**one.metadata) for one in fields(Parameters)}
"""The bounds of the parameters of the order-book metrics by name."""


def documented() -> tuple[Parameter, ...]:
    """The parameters as the documentation tells them."""
    made = Parameters()
    return tuple(
        Parameter(name, _text(getattr(made, name)), str(one), one.unit, one.meaning) for name, one in PARAMETERS.items()
    )


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
