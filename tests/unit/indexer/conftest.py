"""Tables in a file of their own, and folding into them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, create_engine

from fusion.chain.contract import Event
from indexer.database import open_engine, prepare
from indexer.fold import fold
from indexer.fold.context import Place
from indexer.scripted import ANYWHERE, STAKE_TOKEN, TREASURY, maker

Happen = Callable[..., Place]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/index.sqlite")
    prepare(engine, "test")
    yield engine
    engine.dispose()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path}/folded.sqlite")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def happen(session: Session) -> Happen:
    """Folds events one after another, each in a block of its own, 1, 2, 3 ..., at second 1,000 + block."""
    blocks = count(1)

    def folded(*events: Event) -> Place:
        for event in events:
            number = next(blocks)
            place = Place(number, 1_000 + number, 0, f"0x{number:02x}", TREASURY, STAKE_TOKEN)
            fold(replace(event, log=replace(ANYWHERE, address=maker(type(event)))), session, place)
        return place

    return folded
