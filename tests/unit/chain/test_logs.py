"""Logs of a long chain, read from endpoints that give few at once."""

from typing import Any, cast

import pytest

from fusion.chain.bindings.module_registry import ModuleRegistered
from fusion.chain.client import Chain
from fusion.chain.contract import encode
from fusion.chain.deployment import Deployment
from fusion.chain.factory import CONTRACTS
from fusion.chain.logs import SPAN
from fusion.chain.rpc import RpcError

ADDRESSES = {kind.NAME: "0x" + f"{number:040x}" for number, kind in enumerate(CONTRACTS, 1)}
FIRST = 100


class Node:
    """A node with one log every 1,000 blocks; it refuses more than `most` blocks or `results` logs at once."""

    def __init__(self, head: int, *, most: int = 10**9, results: int = 10**9) -> None:
        self.head, self.most, self.results = head, most, results
        self.asked: list[tuple[int, int]] = []

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_blockNumber":
            return hex(self.head)
        if method == "eth_getBlockByNumber":
            return {"number": hex(self.head), "hash": "0x1", "parentHash": "0x0", "timestamp": "0x0"}
        first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
        numbers = [number for number in range(first, last + 1) if number % 1_000 == 0]
        if last > self.head or last - first >= self.most or len(numbers) > self.results:
            raise RpcError("too much", reason="too much")
        self.asked.append((first, last))
        return [_log(number) for number in numbers]


def _log(number: int) -> dict[str, Any]:
    topics = [ModuleRegistered.TOPIC, "0x" + encode("f(uint256)", [number]).hex(), "0x" + bytes(32).hex()]
    return {
        "address": ADDRESSES["ModuleRegistry"],
        "topics": topics,
        "data": "0x" + encode("f(string)", ["ema"]).hex(),
        "blockNumber": hex(number),
        "logIndex": "0x0",
        "transactionIndex": "0x0",
        "blockHash": "0x" + "0" * 64,
        "transactionHash": "0x" + "0" * 64,
    }


def chain(node: Node) -> Chain:
    return Chain(cast("Any", node), Deployment(1, ADDRESSES, FIRST, "hash"))


def blocks(events: Any) -> list[int]:
    return [event.log.block_number for event in events]


@pytest.mark.parametrize("limits", [{}, {"most": 5_000}, {"most": 3_333}, {"results": 1}])
def test_each_log_is_read_once_however_little_comes_at_once(limits: dict[str, int]) -> None:
    node = Node(25_500, **limits)
    assert blocks(chain(node).find(ModuleRegistered)) == list(range(1_000, 25_501, 1_000))
    assert node.asked[0][0] == FIRST
    assert [first for first, _ in node.asked[1:]] == [last + 1 for _, last in node.asked[:-1]]
    assert node.asked[-1][1] == node.head
    assert max(last - first for first, last in node.asked) < SPAN


def test_a_range_that_ends_above_the_head_is_cut_there() -> None:
    assert blocks(chain(Node(4_500)).events(1_001, 9_000)) == [2_000, 3_000, 4_000]
    assert chain(Node(50)).events(100, 200) == []


def test_a_node_that_refuses_a_single_block_is_told() -> None:
    with pytest.raises(RpcError, match="too much"):
        chain(Node(2_000, most=0)).find(ModuleRegistered)
