"""Source: what a backfill reads of a chain, block by block."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import sleep
from typing import Any, Final, Protocol, TypeVar

from atom.instrument import Instrument
from atom.recording import Recording
from fusion.chain.logs import Piece
from fusion.errors import ChainUnavailable

PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before an endpoint that does not answer is asked again

T = TypeVar("T")


class Source(Protocol):
    """Facts of blocks; each names its block by `blockNumber` and `blockHash`, as a log does."""

    @property
    def instrument(self) -> Instrument:
        """Whose facts they are."""

    @property
    def notes(self) -> str:
        """A name for what is noted of it; another for each way to read the same blocks."""

    def pieces(self, first: int, last: int) -> Iterator[Piece]:
        """Facts of blocks `first` to `last`; it ends early where the chain does.

        Raises:
            ChainUnavailable: the endpoint does not answer; what came before is whole.
        """

    def recording(self, facts: Sequence[Mapping[str, Any]]) -> Recording:
        """Facts, with the time of their block as `blockTimestamp`, as events; FusionError where they are none."""


def patient(ask: Callable[[], T]) -> T:
    """Asks again, after a while and then a longer one, where an endpoint does not answer."""
    for pause in PAUSES:
        try:
            return ask()
        except ChainUnavailable:
            sleep(pause)
    return ask()
