"""Options that several verbs share."""

from enum import StrEnum
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="Account that signs.", envvar="FUSION_ACCOUNT")]
LicensesOf = Annotated[
    str, typer.Option("--as", metavar="ACCOUNT", help="Whose licenses are listed.", envvar="FUSION_ACCOUNT")
]
OwedTo = Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="Whose income is shown.", envvar="FUSION_ACCOUNT")]
JobId = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.", min=1, max=2**63)]

# What a run is made of
Version = Annotated[int, typer.Argument(help="Version to run.", min=1, max=2**63)]
Data = Annotated[str | None, typer.Option(metavar="CID", help="Table whose columns feed all ports.")]
Feed = Annotated[str, typer.Option(help="`simulated`, `simulated:<seed>` or `<venue>:<file>`.", envvar="FUSION_FEED")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="PORT=COLUMN", help="Column of the feed for a port of another name."),
]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of the module.")]
Fuel = Annotated[int, typer.Option(help="Fuel it may burn.", min=1, max=10**13)]
Seed = Annotated[int, typer.Option(help="Seed of its random numbers.", min=0)]


class Selling(StrEnum):
    """What `--sells` takes."""

    LICENSES = "licenses"
    RUNS = "runs"
    BOTH = "both"
    NOTHING = "nothing"
