"""The tables. Every entity row follows from the chain's logs alone, so a replay gives the same rows.

Amounts are integers in base units of their token; times are seconds of the chain's clock; addresses are checksummed
text; hashes and bytes are hex text with 0x. `block` is the block of the log that made the row.
"""

from sqlalchemy import Table
from sqlmodel import SQLModel

from indexer.tables.assurance import Canary, Pool, PoolEntry
from indexer.tables.jobs import Demand, Job, Panel, Seat
from indexer.tables.journal import Block, Change, Progress
from indexer.tables.ledger import Balance, Holding, Income, Revenue
from indexer.tables.market import License, Offer, Renewal
from indexer.tables.registry import Module, Split, Version
from indexer.tables.rules import OwnerAct, Rules, Token
from indexer.tables.searches import Candidate, Recorder, Recording, Search, Window
from indexer.tables.staking import Operator, Slash

ENTITIES: tuple[type[SQLModel], ...] = (
    Module,
    Version,
    Split,
    Offer,
    License,
    Renewal,
    Job,
    Seat,
    Panel,
    Demand,
    Operator,
    Slash,
    Income,
    Balance,
    Holding,
    Revenue,
    Pool,
    PoolEntry,
    Canary,
    Rules,
    Token,
    OwnerAct,
    Search,
    Candidate,
    Window,
    Recording,
    Recorder,
)


def _tables(*entities: type[SQLModel]) -> tuple[Table, ...]:
    return tuple(SQLModel.metadata.tables[entity.__name__.lower()] for entity in entities)


ENTITY_TABLES = _tables(*ENTITIES)
JOURNAL_TABLES = _tables(Block, Change)
TABLES = (*ENTITY_TABLES, *JOURNAL_TABLES, *_tables(Progress))

__all__ = [
    "ENTITIES",
    "ENTITY_TABLES",
    "JOURNAL_TABLES",
    "TABLES",
    "Balance",
    "Block",
    "Canary",
    "Candidate",
    "Change",
    "Demand",
    "Holding",
    "Income",
    "Job",
    "License",
    "Module",
    "Offer",
    "Operator",
    "OwnerAct",
    "Panel",
    "Pool",
    "PoolEntry",
    "Progress",
    "Recorder",
    "Recording",
    "Renewal",
    "Revenue",
    "Rules",
    "Search",
    "Seat",
    "Slash",
    "Split",
    "Token",
    "Version",
    "Window",
]
