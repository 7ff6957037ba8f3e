"""What the follower needs of a chain; `fusion.chain.client.Chain` is one."""

from collections.abc import Sequence
from typing import Protocol

from fusion.chain.client import Block, Deployment
from fusion.chain.contract import Event


class Source(Protocol):
    @property
    def deployment(self) -> Deployment: ...
    def head(self) -> Block: ...
    def block(self, number: int) -> Block: ...
    def events(self, first: int, last: int) -> Sequence[Event]: ...
