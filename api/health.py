"""Whether the chain answers and how far behind it the index is."""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from fusion.chain.client import Block
from fusion.errors import FusionError
from indexer import views
from indexer.database import reading

LAG = 10  # blocks that the index may be behind and still count as following
_FRESH_S = 1.0

Status = Literal["ok", "chain unreachable", "index stopped", "index empty", "index behind"]


@dataclass(frozen=True, slots=True)
class Health:
    """`ok`, or what is wrong: no chain, no index, or one that is behind or met a block it cannot take in.

    `reason` is why it cannot. Lags are None where chain or index is unknown.
    """

    status: Status
    chain_block: int | None
    index_block: int | None
    index_hash: str | None
    lag_blocks: int | None
    lag_seconds: int | None
    reason: str | None

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Check:
    """Reads the health, at most once a second however many ask."""

    def __init__(self, engine: Engine, head: Callable[[], Block]) -> None:
        self._engine = engine
        self._head = head
        self._turn = threading.Lock()
        self._last: Health | None = None
        self._until = 0.0

    def __call__(self) -> Health:
        with self._turn:
            if self._last is None or time.monotonic() > self._until:
                self._last = _health(*self._indexed(), self._reached())
                self._until = time.monotonic() + _FRESH_S
            return self._last

    def _reached(self) -> Block | None:
        try:
            return self._head()
        except FusionError:
            return None

    def _indexed(self) -> tuple[views.Meta | None, str | None]:
        try:
            with reading(self._engine) as session:
                return views.meta(session), views.stopped(session)
        except DBAPIError:
            return None, None


def _health(index: views.Meta | None, stopped: str | None, chain: Block | None) -> Health:
    behind = max(0, chain.number - index.number) if chain and index else None
    seconds = max(0, chain.timestamp - index.timestamp) if chain and index else None
    if chain is None:
        status: Status = "chain unreachable"
    elif stopped is not None:
        status = "index stopped"
    elif behind is None:
        status = "index empty"
    else:
        status = "ok" if behind <= LAG else "index behind"
    return Health(
        status=status,
        chain_block=chain.number if chain else None,
        index_block=index.number if index else None,
        index_hash=index.hash if index else None,
        lag_blocks=behind,
        lag_seconds=seconds,
        reason=stopped,
    )
