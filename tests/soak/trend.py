"""Whether what is measured again and again still grows: a slope that a few odd samples do not move."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Bound:
    """What may change from the end of the warm-up to the last sample, and is no growth.

    Attributes:
        share: of the median.
        least: in the measure's own unit; the larger of the two holds.
    """

    share: float
    least: float

    def allows(self, middle: float) -> float:
        return max(self.share * middle, self.least)


@dataclass(frozen=True, slots=True)
class Trend:
    """How a measure went after the warm-up.

    Attributes:
        first, last: what the line through the samples says of their beginning and end.
        middle: their median.
        allowed: growth that is none.
    """

    first: float
    last: float
    middle: float
    allowed: float

    @property
    def grows(self) -> bool:
        return self.last - self.first > self.allowed


def trend(times: Sequence[float], values: Sequence[float], bound: Bound) -> Trend:
    """Fits a line by the median of all slopes between two samples.

    H. Theil, "A rank-invariant method of linear and polynomial regression analysis", 1950; P. K. Sen, "Estimates of
    the regression coefficient based on Kendall's tau", 1968. Up to 29 % of the samples may be anything.

    Args:
        times: seconds, rising.
        values: as many.

    Raises:
        ValueError: there are fewer than two samples.
    """
    if len(times) < 2:
        raise ValueError(f"{len(times)} samples have no slope: measure longer")
    pairs = [(i, j) for i in range(len(times)) for j in range(i + 1, len(times))]
    slope = median((values[j] - values[i]) / (times[j] - times[i]) for i, j in pairs)
    start = median(value - slope * time for time, value in zip(times, values, strict=True))
    middle = median(values)
    return Trend(start + slope * times[0], start + slope * times[-1], middle, bound.allows(middle))
