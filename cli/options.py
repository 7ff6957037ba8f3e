"""Options that several verbs share."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
As = Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="Account that signs.", envvar="FUSION_ACCOUNT")]
