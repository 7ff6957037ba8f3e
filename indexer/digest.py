"""One hash over the entity tables: two indexes of the same chain agree exactly when their hashes do."""

import hashlib
import json

from sqlalchemy import Engine, select

from indexer.database import reading
from indexer.tables import ENTITY_TABLES


def table_hash(engine: Engine) -> str:
    """SHA-256, in hex, of all entity rows by table and primary key; headers and progress are left out."""
    total = hashlib.sha256()
    with reading(engine) as session:
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
