"""One hash over the entity tables: two indexes of the same chain agree exactly when their hashes do."""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlmodel import Session

from fusion.errors import NotReady
from indexer import views
from indexer.database import reading
from indexer.tables import ENTITY_TABLES


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256, in hex, of all entity rows, and the block they stand at; None before the first."""

    hash: str
    block: int | None
    block_hash: str | None


def digest(engine: Engine) -> Digest:
    """The digest of one state of the index, also while a follower writes. NotReady when there are no tables."""
    if not views.ready(engine):
        raise NotReady("the index has no tables yet; start it with `fusion indexer follow`")
    with reading(engine) as session:
        at = views.meta(session)
        return Digest(_rows(session), at.number if at else None, at.hash if at else None)


def table_hash(engine: Engine) -> str:
    """The hash of `digest`: rows by table and primary key; headers and progress are left out."""
    return digest(engine).hash


def _rows(session: Session) -> str:
    total = hashlib.sha256()
    for table in ENTITY_TABLES:
        total.update(table.name.encode() + b"\0")
        keys = [column.name for column in table.primary_key]
        rows = []
        for row in session.execute(select(table)).mappings():
            text = json.dumps(dict(row), sort_keys=True)
            rows.append((tuple(row[key] for key in keys), hashlib.sha256(text.encode()).digest()))
        # Sorted here, since databases order text by their own locales.
        for _, row_hash in sorted(rows):
            total.update(row_hash)
    return total.hexdigest()
