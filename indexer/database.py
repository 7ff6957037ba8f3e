"""Opens the database. Everything that only one database understands is here."""

import hashlib
from pathlib import Path

from sqlalchemy import Connection, Engine, event, insert
from sqlalchemy import inspect as inspected
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateTable
from sqlmodel import Session, SQLModel, create_engine

from fusion.errors import BadInput, NotReady
from indexer.tables import TABLES, Progress

FOLD_REVISION = 4  # raise it when a fold gives other rows for the same logs: tables of an older one are made anew
_BUSY_MS = 30_000


def open_engine(url: str, *, existing: bool = False) -> Engine:
    """An engine for `sqlite:///<file>` or any other SQLAlchemy URL.

    BadInput when the URL is none, or its driver is not installed. With `existing`, NotReady when there is no such
    file, which would otherwise be made by looking at it.

    On SQLite: write-ahead log, a busy time-out, and real transactions, so that a reader sees one state however many
    statements it runs, while another process writes.
    """
    try:
        make_url(url).get_dialect().import_dbapi()
    except ArgumentError:
        raise BadInput(
            f"{url!r} is no database that is known here; give one like sqlite:////srv/index.sqlite"
        ) from None
    except ImportError as error:
        raise BadInput(f"the database {make_url(url)} needs a driver: {error}; install it beside Fusion") from None
    file = make_url(url).database if make_url(url).get_backend_name() == "sqlite" else None
    if existing and file and not Path(file).exists():
        raise NotReady(f"there is no index at {file}; start it with `fusion indexer follow`")
    engine = create_engine(url, pool_pre_ping=make_url(url).get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    return engine


def reading(engine: Engine) -> Session:
    """A session whose statements all see the same state."""
    if engine.dialect.name != "sqlite":  # whose transactions are that by themselves
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    return Session(engine, autoflush=False)


def prepare(engine: Engine, deployment: str) -> None:
    """Makes the tables of `deployment`; those of another one, or of another version of Fusion, are made anew."""
    schema = _schema(engine)
    if _usable(engine):
        with Session(engine) as session:
            progress = session.get(Progress, 1)
            if progress is not None and (progress.deployment, progress.schema_hash) == (deployment, schema):
                return
    with engine.begin() as connection:
        SQLModel.metadata.drop_all(connection, tables=TABLES)
        SQLModel.metadata.create_all(connection, tables=TABLES)
        connection.execute(insert(Progress).values(id=1, deployment=deployment, schema_hash=schema, block=None))


def _usable(engine: Engine) -> bool:
    seen = inspected(engine)
    if not all(seen.has_table(table.name) for table in TABLES):
        return False
    columns = ({column["name"] for column in seen.get_columns(table.name)} for table in TABLES)
    return all(names == set(table.columns.keys()) for names, table in zip(columns, TABLES, strict=True))


def _schema(engine: Engine) -> str:
    text = f"{FOLD_REVISION} " + "".join(str(CreateTable(table).compile(engine)) for table in TABLES)
    return hashlib.sha256(text.encode()).hexdigest()


def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # With a write-ahead log NORMAL may lose the last commits in a power cut, never consistency; they are read again.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    # The driver of Python 3.11 opens no transaction for reads unless it is told to.
    connection.exec_driver_sql("BEGIN")
