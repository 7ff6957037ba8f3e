"""`fusion indexer`: chain logs to tables."""

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Follow the chain into tables.")


@app.command()
def follow() -> None:
    """Follows the chain until it is told to stop."""
    from cli.signals import stop_on_signal
    from indexer.database import open_engine
    from indexer.follow import Follower

    session = Session()
    stop = stop_on_signal()
    Follower(session.chain, open_engine(session.settings.index)).run(stop)


@app.command("hash")
def table_hash(as_json: Json = False) -> None:
    """Prints a hash over all entity tables, and the block they stand at."""
    from cli.output import record
    from fusion.errors import NotReady
    from indexer.database import open_engine, reading
    from indexer.digest import table_hash as digest
    from indexer.views import meta

    engine = open_engine(Session().settings.index)
    with reading(engine) as rows:
        head = meta(rows)
    if head is None:
        raise NotReady("the index holds no block yet; start it with `fusion indexer follow`")
    record({"hash": digest(engine), "block": head.number, "block_hash": head.hash}, as_json=as_json)
