"""`fusion indexer`: chain logs to tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="Follow the chain into tables.")


@app.command()
def follow(once: Annotated[bool, typer.Option("--once", help="Stop at the present head.")] = False) -> None:
    """Follows the chain until it is told to stop."""
    from cli.signals import stop_on_signal
    from indexer.database import open_engine
    from indexer.follow import Follower

    session = Session()
    stop = stop_on_signal()
    with _database():
        follower = Follower(session.chain, open_engine(session.settings.index))
        if once:
            follower.step(stop)
        else:
            follower.run(stop)


@app.command("hash")
def table_hash(as_json: Json = False) -> None:
    """Prints a hash over all entity tables, and the block they stand at."""
    from cli.output import record
    from indexer.database import open_engine
    from indexer.digest import digest

    with _database():
        found = digest(open_engine(Session().settings.index, existing=True))
    record({"hash": found.hash, "block": found.block, "block_hash": found.block_hash}, as_json=as_json)


@contextmanager
def _database() -> Iterator[None]:
    """Tells what a database says in one line: it is away, full, no database, or not ours to write."""
    from sqlalchemy.exc import DBAPIError

    from fusion.errors import Retryable

    try:
        yield
    except DBAPIError as error:
        said = str(error.orig).splitlines()[0]
        raise Retryable(f"the database of the index: {said}; it is named by FUSION_DATABASE or FUSION_HOME") from error
