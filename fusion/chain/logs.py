"""Logs of any contracts, in as few requests as an endpoint allows."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fusion.chain.rpc import Rpc, RpcError

SPAN = 10_000  # blocks whose logs are asked for at once; halved where an endpoint refuses so many
_CALM = 8  # answers in a row after which twice as many blocks are tried again


class Piece(NamedTuple):
    """All logs of blocks `first` to `last`, both included, as the node gives them and in the order of the chain."""

    first: int
    last: int
    logs: list[Mapping[str, Any]]


class LogReader:
    """Asks an endpoint for logs, and keeps in mind how many blocks it answers for at once.

    Args:
        rpc: the endpoint.
        span: most blocks to ask for at once.
    """

    def __init__(self, rpc: Rpc, span: int = SPAN) -> None:
        self._rpc = rpc
        self._most = self._span = span
        self._calm = 0

    def pieces(self, first: int, last: int, which: Mapping[str, object]) -> Iterator[Piece]:
        """Logs of blocks `first` to `last`; it ends early where the chain does.

        Args:
            which: `address` and `topics` as the node's filters have them.

        Raises:
            RpcError: the endpoint refuses even one block.
            ChainUnavailable: it does not answer; what came before is whole, and the rest may be asked for again.
        """
        while first <= last:
            end = min(first + self._span - 1, last)
            try:
                logs = self._rpc.call("eth_getLogs", {"fromBlock": hex(first), "toBlock": hex(end), **which})
            except RpcError:
                # Some nodes refuse a range that ends above the head, which a reorg can bring about at any time.
                head = int(self._rpc.call("eth_blockNumber"), 16)
                if head < end:
                    last = head
                elif end == first:
                    raise
                else:
                    self._span, self._calm = (end - first + 1) // 2, 0  # too many blocks, or too many logs in them
                continue
            yield Piece(first, end, list(logs))
            first = end + 1
            self._calm += 1
            if self._calm >= _CALM and self._span < self._most:
                self._span, self._calm = min(2 * self._span, self._most), 0
