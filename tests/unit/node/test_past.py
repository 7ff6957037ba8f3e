"""What is known of the operators' past misses no block, whenever it is read and however the chain grows meanwhile."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fusion.chain.bindings.job_market import Finalized
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Fault
from node.executor.past import Past


def made(kind: Any, block: int, **fields: object) -> Any:
    """An event without the fields that are not read here."""
    event = object.__new__(kind)
    for name, value in {"log": SimpleNamespace(block_number=block), **fields}.items():
        object.__setattr__(event, name, value)
    return event


class Growing:
    """A chain on which somebody is paid in each block, and which has grown by some at each question."""

    def __init__(self, by: list[int]) -> None:
        self.number, self._by = 1, by

    def _told(self) -> list[Any]:
        self.number += self._by.pop() if self._by else 0
        return [made(Finalized, block, paid=(f"operator {block}",)) for block in range(1, self.number + 1)]

    def head(self) -> Any:
        self._told()
        return SimpleNamespace(number=self.number)

    def find(self, kind: Any) -> list[Any]:
        return [event for event in self._told() if isinstance(event, kind)]

    def events(self, first: int, last: int) -> list[Any]:
        return [event for event in self._told() if first <= event.log.block_number <= last]


@given(st.lists(st.integers(0, 5), max_size=12), st.lists(st.integers(1, 9), max_size=4))
def test_each_block_counts_once(by: list[int], looks: list[int]) -> None:
    """Also where a part has been read already, which may begin anywhere."""
    chain: Any = Growing(by)
    past = Past.read(chain)
    for first in looks:
        head = chain.head().number
        past.follow(chain, head, chain.events(first, head), first)
    assert past.paid == {f"operator {block}": 1 for block in range(1, past.block + 1)}


def test_who_was_silent_has_nothing_held_against_it() -> None:
    events = [made(Slashed, 1, operator=fault.name, fault=fault) for fault in Fault]
    chain: Any = SimpleNamespace(events=lambda *_: events)
    past = Past()
    past.follow(chain, 1)
    assert past.slashed == {"WRONG", "WITHHELD"}
