"""The page of all metrics, `docs/metrics.md`: `python -m atom.metrics.page > docs/metrics.md` writes it."""

import textwrap
from collections.abc import Iterator

from atom.metrics.definition import Definition, Group
from atom.metrics.definitions import BOOK, GROUPS

_WIDTH = 120
_INTRODUCTION = """\
# Metrics

Written by `python -m atom.metrics.page`. `fusion atom metrics` lists them, and shows their values for a feed or a
symbol of the event log.

    fusion atom metrics                                    # all definitions
    fusion atom metrics simulated --name ofi --name vpin   # values of a feed
    fusion atom metrics --venue binance --symbol BTC-USDT --each message --name microprice --json
    fusion atom flows LOGS --token ADDRESS --labels LABELS # Fund Flow Ratio and NFR

    from atom.metrics import BookMetrics, Parameters, book_metrics
    values = book_metrics(events, Parameters(period=10**8))        # all at once
    metrics = BookMetrics(instrument)
    values = metrics.update(events)                                # or piece by piece
    values.messages["microprice"], values.periods["ofi"]

**One definition.** A machine takes events and tells values; a whole recording is one piece. Pieces may be cut anywhere
in the order of the clock, and the values have the same bits. A value never depends on what follows.

**Clock.** Rows are taken by arrival, or by the venue's time; where times are equal, trades come before what they made
of the book. The clock never goes back: a late row counts as of now. Choose arrival for what a trader here could have
known, the venue's clock for values on which all recorders agree; published windows have no arrival and need it.

**Periods** are counted from 1970 UTC and bear the time of their end. One in which nothing happened has no row.

**Null** is NaN, and null in JSON. While the book is invalid (a gap, no snapshot yet), crossed or without a side, what
is made of it is null. A period is whole if the book was sound from its beginning to its end. What flows through the
book is null in a period that is not; windows of several periods begin anew after it. What is made of trades alone is
told all the same, with `whole` beside it.

**Numbers** are float64. Sums are of whole ticks and lots, or anew of each window from its oldest entry on, and every
operation is one that IEEE 754 rounds alike everywhere; so the bits do not depend on the machine, on how long it has
run, or on whether the venue has since made its tick or lot finer (below 2**53 of its units, and where the volume of a
bucket is a multiple of the lot).

Where there is a `period`, all metrics beside it depend on it. In units, `quote` and `base` are the currencies of the
symbol, `1` is none.
"""


def page() -> str:
    """The page's text."""
    parts = [_INTRODUCTION]
    for group in GROUPS:
        parts.append(f"## {group.title}\n")
        parts.append(_filled(f"`{group.machine.split(',')[0]}`{_rest(group.machine)}: {group.rows}.") + "\n")
        if group is BOOK:
            parts.append("Its parameters stand under the next heading.\n")
        elif group.parameters:
            parts.append("\n".join(_parameters(group)) + "\n")
        parts.append("\n".join(_filled(_told(one), "- ", "  ") for one in group.definitions) + "\n")
    return "\n".join(parts)


def _rest(machine: str) -> str:
    _, comma, rest = machine.partition(",")
    return comma + rest


def _parameters(group: Group) -> Iterator[str]:
    yield "| parameter | default | bounds | unit | what it is |"
    yield "|---|---|---|---|---|"
    for one in group.parameters:
        yield f"| `{one.name}` | {one.default} | {one.bounds} | {one.unit} | {one.meaning} |"


def _told(one: Definition) -> str:
    told = f"**`{one.name}`** ({one.unit}): {one.formula}."
    named = [f"`{name}`" for name in one.parameters if name != "period"]
    if named:
        told += f" Depends on {', '.join(named)}."
    if one.warm_up != "none":
        told += f" Warm-up: {one.warm_up}."
    if one.null != "never":
        told += f" Null: {one.null}."
    return f"{told} Source: {one.source}." if one.source != "usual" else told


def _filled(text: str, first: str = "", then: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    print(page(), end="")
