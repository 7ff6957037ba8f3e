"""`fusion atom metrics` and `flows`: what each metric is, and what it comes to."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json
from cli.session import Session
from fusion.errors import BadInput

if TYPE_CHECKING:
    from atom.events import Events
    from atom.metrics import Definition, Group
    from atom.metrics.order import Clock, Columns, Machine

_SHOWN = 10
_LONGEST = 90  # of a formula in the table
_FROM = {"transfers": "transfers and labels (`fusion atom flows`)", "adl": "positions", "glp": "states of a pool"}


def metrics(
    feed: Annotated[
        str | None, typer.Argument(help="`simulated`, `simulated:<seed>` or `<venue>:<file>`; without, definitions.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Without a feed: venue of the event log.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Fusion's name of a symbol, such as BTC-USDT.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Of this metric alone; may come several times.")] = None,
    each: Annotated[str, typer.Option(help="A row each `period`, or each `message` of the book.")] = "period",
    chosen: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter, such as period=100000000.")
    ] = None,
    clock: Annotated[str, typer.Option(help="`arrival`, or the `venue`'s.")] = "arrival",
    count: Annotated[int | None, typer.Option("--rows", help="Rows to show, the newest; in JSON all.", min=1)] = None,
    as_json: Json = False,
) -> None:
    """Shows what metrics are, or what they come to.

    Without a feed their definitions; of a feed or a stored symbol their values.
    """
    from cli.output import record, rows

    names = list(dict.fromkeys(name or ()))
    if feed is None and venue is None:
        _definitions(names, as_json=as_json)
        return
    if each not in ("period", "message") or clock not in ("arrival", "venue"):
        raise BadInput(
            f"--each is period or message and --clock arrival or venue, not {each[:20]!r} and {clock[:20]!r}"
        )
    make = _machine(names, each, _parsed(chosen or ()), "arrival" if clock == "arrival" else "venue")
    table = make(_events(feed, venue, symbol))
    unknown = [one for one in names if one not in table]
    if unknown:
        raise BadInput(f"{unknown[0]} is no column of these rows; they have {', '.join(list(table)[1:])}")
    told = {one: table[one] for one in (["ts", *names] if names else table)}
    newest = -(count or (0 if as_json else _SHOWN if names else 1))
    items = _items({one: column[newest:].tolist() for one, column in told.items()})
    if names or as_json or not items:
        rows(items, as_json=as_json)
    else:
        for item in items:
            record(item, as_json=False)


def flows(
    files: Annotated[list[Path], typer.Argument(metavar="RAW...", help="Raw logs of a chain, in order.")],
    token: Annotated[str, typer.Option(help="The token's contract.")],
    labels: Annotated[Path, typer.Option(help="CSV with the columns address and owner.")],
    decimals: Annotated[int, typer.Option(help="Of the token.")] = 18,
    period: Annotated[int, typer.Option(help="Length of a period, ns.")] = 3_600 * 10**9,
    as_json: Json = False,
) -> None:
    """Shows what flowed in and out of labelled addresses.

    With Fund Flow Ratio and NFR, a row a whole period.
    """
    from atom.metrics import FundFlow, read_labels, transfers_of
    from atom.onchain.files import read_files
    from cli.output import progress, rows

    try:
        owners = read_labels(labels.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the labels {labels} cannot be read: {error}") from error
    flow = FundFlow(owners, decimals=decimals, period=period)
    with progress("flows") as report:
        report(f"{len(files)} files", 0.1)
        table = flow.update(transfer for file in read_files(files) for transfer in transfers_of(file.logs, token))
    rows(_items({name: column.tolist() for name, column in table.items()}), as_json=as_json)


def _definitions(names: Sequence[str], *, as_json: bool) -> None:
    from atom.metrics import GROUPS
    from cli.output import record, rows

    found = [(group, one) for group in GROUPS for one in group.definitions if not names or _base(one.name) in names]
    missing = set(names) - {_base(one.name) for _, one in found}
    if missing:
        raise BadInput(f"there is no metric {min(missing)[:40]!r}; `fusion atom metrics` lists them")
    if as_json:
        rows([_told(*one) for one in found], as_json=True)
    elif names:
        for each in found:
            record(_told(*each), as_json=False)
    else:
        short = [
            {
                "name": _base(one.name),
                "unit": one.unit,
                "of": group.title,
                "formula": one.formula if len(one.formula) <= _LONGEST else f"{one.formula[: _LONGEST - 3]}...",
            }
            for group, one in found
        ]
        rows(short, as_json=False)


def _told(group: "Group", one: "Definition") -> dict[str, object]:
    parameters = [each for each in group.parameters if each.name in one.parameters]
    return {
        "name": _base(one.name),
        "unit": one.unit,
        "formula": one.formula,
        "warm_up": one.warm_up,
        "null": one.null,
        "source": one.source,
        "ours": one.ours,
        "made_by": group.machine,
        "rows": group.rows,
        "parameters": {each.name: f"{each.default} {each.unit}, {each.bounds}: {each.meaning}" for each in parameters},
    }


def _base(name: str) -> str:
    """A metric's name without the place that stands for several."""
    return name.removesuffix("_{bps}")


def _events(feed: str | None, venue: str | None, symbol: str | None) -> "Events":
    from atom import open_feed
    from atom.store import Store
    from cli.output import progress

    if feed is not None and venue is not None:
        raise BadInput("give a feed, or --venue and --symbol of the event log, not both")
    with progress("metrics") as report:
        report("reading", 0.1)
        if feed is not None:
            return open_feed(feed, symbol=symbol).events
        if venue is None or symbol is None:
            raise BadInput("--venue and --symbol go together: say which symbol of the event log")
        return Store(Session().settings.home / "atom").read(venue, symbol)


def _machine(
    names: Sequence[str], each: str, chosen: Mapping[str, Any], clock: "Clock"
) -> "Callable[[Events], Columns]":
    """What makes the table in which all these metrics are."""
    from atom import metrics as all_of

    groups = {_group(name) for name in names} or {"period"}
    if groups <= {"book", "period"}:
        parameters = all_of.Parameters(**_known(chosen, all_of.PARAMETERS))
        place = 1 if each == "period" else 0
        return lambda events: all_of.BookMetrics(events.instrument, parameters, clock=clock).update(events)[place]
    if len(groups) > 1:
        raise BadInput(f"{', '.join(names)} are of several tables ({', '.join(sorted(groups))}); ask for one at a time")
    (group,) = groups
    machines: dict[str, tuple[Callable[..., Machine], Sequence[str]]] = {
        "connection": (lambda clock: all_of.Connection(), ()),
        "long_short": (all_of.LongShort, ()),
        "taker": (all_of.TakerVolume, ()),
        "basis": (all_of.Basis, ("of", "expiry")),
        "insurance": (all_of.InsuranceFund, ("worth", "trailing")),
        "interest": (all_of.OpenInterest, ("stale",)),
    }
    if group not in machines:
        raise BadInput(f"{names[0]} is not made from a feed, but from {_FROM[group]}; see docs/metrics.md")
    kind, parameters_of = machines[group]
    return kind(**_known(chosen, parameters_of), clock=clock).update


def _group(name: str) -> str:
    from atom.metrics import GROUPS

    for group in GROUPS:
        for one in group.definitions:
            if name == one.name or (one.name.endswith("_{bps}") and name.startswith(_base(one.name) + "_")):
                return group.name
    raise BadInput(f"there is no metric {name[:40]!r}; `fusion atom metrics` lists them")


def _parsed(chosen: Sequence[str]) -> dict[str, str]:
    split = [one.partition("=") for one in chosen]
    if any(not (name and sign and value) for name, sign, value in split):
        raise BadInput("a parameter is chosen with --set NAME=VALUE")
    return {name: value for name, _, value in split}


def _known(chosen: Mapping[str, str], names: Any) -> dict[str, Any]:
    """The parameters among `names`, in their types."""
    for name in chosen:
        if name not in names:
            raise BadInput(f"{name[:40]!r} is no parameter of these metrics; {', '.join(names) or 'they have none'}")
    try:
        return {name: _TYPES.get(name, int)(value) for name, value in chosen.items()}
    except (ValueError, InvalidOperation) as error:
        raise BadInput(f"--set {', '.join(f'{name}={value}' for name, value in chosen.items())}: no number") from error


_TYPES: dict[str, Callable[[str], Any]] = {
    "depths": lambda text: tuple(int(part) for part in text.split(",")),
    "vpin_volume": Decimal,
    "worth": float,
    "of": str,
}


def _items(table: Mapping[str, Sequence[float]]) -> list[dict[str, object]]:
    columns = ([None if _is_null(value) else value for value in column] for column in table.values())
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _is_null(value: float) -> bool:
    return isinstance(value, float) and math.isnan(value)
