"""What the daemon drives: parts that look at the chain and act on it, each in its own way."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from fusion.chain.client import Block


class Driven(Protocol):
    """The desk, and whatever else acts for the operator. All calls come from the daemon's one thread.

    What takes time goes on in threads, which `under_way` gives as futures; what they bring is taken by `collect`.
    """

    def collect(self) -> bool:
        """Takes what the threads have brought; whether there was any, so that a review is worth its while."""

    def waiting(self) -> bool:
        """Whether something is worth another review though the chain did not move: a pause has ended."""

    def review(self, head: Block) -> None:
        """Looks at the chain as it is at `head`, and starts what is due. Raises Retryable when it is away."""

    def under_way(self) -> "Sequence[Future[Any]]":
        """What goes on in threads."""

    def unfinished(self) -> int:
        """How much there is that an operator does not leave: what its stake or its money still depends on."""


class Beside(Driven, Protocol):
    """What acts beside the desk, and says of itself how it does."""

    def told(self) -> "Mapping[str, object]":
        """For the operator's status, as JSON has it."""
