"""A node of a few lines: a chain with the logs of one pool, and the ways in which endpoints are difficult."""

from collections.abc import Callable, Sequence
from typing import Any

from fusion.chain.rpc import RpcError
from fusion.errors import ChainUnavailable
from tests.unit.atom.onchain import plain_logs as made

TOKENS = {made.ALICE: ("USDC", 6), made.BOB: ("WETH", 18)}


class Node:
    """Block n holds n % `every` == 0 ? two swaps : none, and its hash is made of n and `fork`.

    Attributes:
        asked: spans whose logs were given.
        trouble: called with the method before each request; may raise.
    """

    url = "http://node"

    def __init__(self, head: int, *, every: int = 3, most: int = 10**9) -> None:
        self.head, self.every, self.most = head, every, most
        self.fork = 0
        self.asked: list[tuple[int, int]] = []
        self.trouble: Callable[[str], None] = lambda method: None

    def call(self, method: str, *params: Any) -> Any:
        self.trouble(method)
        match method:
            case "eth_chainId":
                return "0x1"
            case "eth_blockNumber":
                return hex(self.head)
            case "eth_call":
                return _view(params[0]["to"], params[0]["data"])
            case "eth_getBlockByNumber":
                number = int(params[0], 16)
                return self.header(number) if number <= self.head else None
            case "eth_getLogs":
                first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
                if last > self.head or last - first >= self.most:
                    raise RpcError("too much", reason="too much")
                self.asked.append((first, last))
                return [log for number in range(first, last + 1) for log in self.logs(number)]
        raise AssertionError(method)

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]

    def header(self, number: int) -> dict[str, str]:
        # two blocks a second, as on faster chains
        return {"hash": f"0x{self.fork:032x}{number:032x}", "timestamp": hex(1704412800 + number // 2)}

    def logs(self, number: int) -> list[dict[str, Any]]:
        if number % self.every:
            return []
        swaps = [made.swap_v3(number, -index - 1, block=number, index=index) for index in range(2)]
        return [
            {
                "blockNumber": hex(number),
                "blockHash": self.header(number)["hash"],
                "transactionHash": swap["transaction_hash"],
                "transactionIndex": "0x0",
                "logIndex": hex(index),
                **{name: swap[name] for name in ("address", "topics", "data")},
            }
            for index, swap in enumerate(swaps)
        ]

    def truth(self, first: int, last: int) -> list[tuple[int, int]]:
        return [(number, index) for number in range(first, last + 1) for index in range(len(self.logs(number)))]


def down(times: int, method: str = "eth_getLogs") -> Callable[[str], None]:
    """A trouble: the first so many requests of a kind are not answered."""
    left = [times]

    def trouble(asked: str) -> None:
        if asked == method and left[0]:
            left[0] -= 1
            raise ChainUnavailable("no answer")

    return trouble


def _view(to: str, selector: str) -> str:
    if to == made.POOL:
        token = {"0x0dfe1681": made.ALICE, "0xd21220a7": made.BOB}[selector]
        return "0x" + made.word(token)
    if to not in TOKENS:
        return "0x"
    symbol, decimals = TOKENS[to]
    if selector == "0x313ce567":
        return "0x" + made.word(decimals)
    return "0x" + made.word(32) + made.word(len(symbol)) + symbol.encode().hex().ljust(64, "0")
