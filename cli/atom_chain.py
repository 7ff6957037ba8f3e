"""`fusion atom chain`: pools of decentralised exchanges, from a node or from files of raw logs."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Read pools of decentralised exchanges.")

Endpoint = Annotated[str | None, typer.Option("--rpc", help="JSON-RPC endpoint; FUSION_RPC where none is given.")]
Address = Annotated[
    str, typer.Option("--pool", metavar="ADDRESS", help="The pool's contract; of gmx_v1 its GlpManager.")
]


@app.command()
def backfill(
    pool: Address,
    venue: Annotated[str, typer.Option(help="uniswap_v2, uniswap_v3 or one with the same logs; gmx_v1.")],
    from_block: Annotated[int, typer.Option(help="First block.", min=0, max=2**39)],
    to_block: Annotated[int | None, typer.Option(help="Last block; the newest that is deep enough.", max=2**39)] = None,
    rpc: Endpoint = None,
    depth: Annotated[int, typer.Option(help="Blocks under the head that are not sure yet.", min=0, max=10**6)] = 64,
    span: Annotated[int, typer.Option(help="Blocks whose logs are asked for at once.", min=1, max=10**6)] = 10_000,
    every: Annotated[int, typer.Option(help="Blocks between two states of gmx_v1.", min=1, max=10**6)] = 100,
    as_json: Json = False,
) -> None:
    """Fills the event log with a pool's past. Run it again to go on where it ended, or to catch up."""
    from atom.onchain.backfill import Backfill
    from atom.onchain.gmx import GMX
    from atom.onchain.swaps import Swaps
    from atom.onchain.vault import Vault
    from atom.store import Store
    from cli.output import progress, record
    from fusion.chain.rpc import Rpc
    from fusion.errors import BadInput

    if to_block is not None and to_block < from_block:
        raise BadInput(f"--to-block {to_block} is before --from-block {from_block}")
    settings = Session().settings
    with progress("backfill") as report:
        report("asking the pool", 0.0)
        node = Rpc(rpc or settings.rpc)
        of = Vault(node, pool, every=every) if venue == GMX else Swaps(node, venue, pool, span=span)
        filled = Backfill(node, Store(settings.home / "atom"), of, depth=depth).run(from_block, to_block, report)
    record(filled.as_dict(), as_json=as_json)


@app.command("pool")
def pool_(pool: Address, rpc: Endpoint = None, as_json: Json = False) -> None:
    """Shows a pool's tokens.

    The JSON is what `fusion atom import --http` takes beside a file of raw logs.
    """
    from atom.onchain.ask import ask_pool
    from cli.output import record
    from fusion.chain.rpc import Rpc

    record(ask_pool(Rpc(rpc or Session().settings.rpc), pool).as_dict(), as_json=as_json)


@app.command()
def ticks(
    files: Annotated[list[Path], typer.Argument(metavar="RAW...", help="Raw logs of one v3 pool.")],
    as_json: Json = False,
) -> None:
    """Prints all that happened to a v3 pool as CSV.

    A row a log, with price and liquidity after the last swap.
    """
    import csv
    import sys

    from atom.onchain.read import read_logs
    from atom.onchain.ticks import Tick
    from atom.onchain.ticks import ticks as table
    from cli.output import rows
    from fusion.errors import BadInput

    recordings = read_logs("uniswap_v3", files).recordings
    if len(recordings) != 1:
        raise BadInput(f"the files hold logs of {len(recordings)} pools; give those of one")
    told = table(recordings[0].events)
    if as_json:
        rows([row._asdict() for row in told], as_json=True)
        return
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(Tick._fields)
    out.writerows(told)


@app.command()
def glp(
    files: Annotated[list[Path], typer.Argument(metavar="RAW...", help="Minutes of GMX v1's pool, as CSV.")],
    tokens: Annotated[bool, typer.Option("--tokens", help="A row a token and minute.")] = False,
    count: Annotated[int, typer.Option("--rows", help="Rows to show, the newest.", min=1)] = 10,
    as_json: Json = False,
) -> None:
    """Shows what a share of GMX v1's pool is worth.

    And how much of the pool is lent, and its tokens' weights.
    """
    import numpy as np

    from atom.events import Flag
    from atom.metrics.glp import glp_metrics
    from atom.onchain.gmx import GMX, read_gmx
    from cli.output import rows

    (recording,) = read_gmx(GMX, files).recordings
    state = recording.events.more["pool_state"]
    told = glp_metrics(state)
    if tokens:
        columns = {"ts": told.tokens["ts"], "token": np.char.decode(told.names, "ascii"), **told.tokens}
    else:
        columns = {**told.pool, "told_price": state["told_price"][state["flags"] & Flag.LAST != 0]}
    last = {name: column[-count:].tolist() for name, column in columns.items()}
    rows([dict(zip(last, row, strict=True)) for row in zip(*last.values(), strict=True)], as_json=as_json)
