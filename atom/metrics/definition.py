"""Definition: what a metric is, as the documentation and the command line tell it."""

from dataclasses import dataclass

OURS = "ours"
UNDEFINED = "ours (no public definition found)"
"""Sources: what nobody else defines, and names that others use whose definition we have not found."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be chosen of a metric.

    Attributes:
        name: what it is called.
        default: what is taken where nothing is chosen.
        bounds: what may be chosen, in words.
        unit: what it counts; "1" for nothing.
        meaning: one line for a person.
    """

    name: str
    default: str
    bounds: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Definition:
    """What a metric is.

    Attributes:
        name: its name, and its column's; `{bps}` stands for each of several.
        unit: "quote" or "base" for those currencies, "1" for none, "bps", "count", "USD", "ns" ...
        formula: how it is made.
        source: where the definition comes from.
        parameters: names of those it depends on.
        warm_up: what it needs before its first value.
        null: when it is null besides.
    """

    name: str
    unit: str
    formula: str
    source: str
    parameters: tuple[str, ...] = ()
    warm_up: str = "none"
    null: str = "never"

    @property
    def ours(self) -> bool:
        """Whether we made the definition."""
        return self.source in (OURS, UNDEFINED)


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that one machine makes.

    Attributes:
        name: what to call it by.
        title: the heading it stands under.
        machine: where it is, such as `atom.metrics.BookMetrics`.
        rows: what makes a row.
        definitions: its metrics.
        parameters: what may be chosen of them.
    """

    name: str
    title: str
    machine: str
    rows: str
    definitions: tuple[Definition, ...]
    parameters: tuple[Parameter, ...] = ()


CLOCK = Parameter(
    "clock", "arrival", "arrival, venue", "1", "which time orders events and ends periods: of arrival, or the venue's"
)
