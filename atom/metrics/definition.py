"""Definition: what a metric is, as the documentation and the command line tell it."""

from dataclasses import dataclass

OURS = "ours (no public definition found)"


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
        """Whether we made the definition, having found none."""
        return self.source == OURS


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that one machine makes.

    Attributes:
        name: what to call it by.
        title: the heading it stands under.
        machine: where it is, such as `atom.metrics.BookMetrics`.
        rows: what makes a row.
        definitions: its metrics.
    """

    name: str
    title: str
    machine: str
    rows: str
    definitions: tuple[Definition, ...]
