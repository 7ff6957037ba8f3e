"""A node whose answers a test scripts, and sending against it."""

from collections.abc import Iterator, Sequence
from typing import Any

from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from fusion.chain.account import Account
from fusion.chain.fees import GWEI
from fusion.chain.rpc import RpcError
from fusion.chain.transactions import Sender
from fusion.errors import ChainUnavailable, FusionError

ACCOUNT = Account.from_key("0x" + "01" * 32)
REQUEST = {"to": ACCOUNT.address, "data": b"\1", "value": 0}
RECEIPT = {"status": "0x1", "blockNumber": "0x5"}
DOWN = ChainUnavailable("no answer")


def fault(reason: str, data: bytes = b"") -> RpcError:
    return RpcError(f"node refused: {reason}", reason=reason, data=data)


def block(number: int, base: int = 100) -> dict[str, str]:
    return {"number": hex(number), "baseFeePerGas": hex(base), "gasLimit": "0x1c9c380"}


class Node:
    """A node that accepts everything, but for what a test scripts: answers by method, the last one kept."""

    def __init__(self, **answers: Sequence[Any]) -> None:
        self.sent: list[str] = []
        script = {
            "eth_getTransactionCount": ["0x7"],
            "eth_getBlockByNumber": [block(1)],
            "eth_feeHistory": [fault("method not found")],
            "eth_maxPriorityFeePerGas": ["0x1"],
            "eth_getBalance": [hex(10**18)],
            "eth_estimateGas": ["0x5208"],
            "eth_sendRawTransaction": ["0x"],
            "eth_getTransactionReceipt": [RECEIPT],
            "eth_getTransactionByHash": [None],
            **answers,
        }
        self._script: dict[str, Iterator[Any]] = {name: iter(said) for name, said in script.items()}
        self._last: dict[str, Any] = {}

    def _answer(self, method: str) -> Any:
        self._last[method] = next(self._script[method], self._last.get(method))
        return self._last[method]

    def call(self, method: str, *params: str) -> Any:
        if method == "eth_sendRawTransaction":
            self.sent.append(params[0])
        answer = self._answer(method)
        if isinstance(answer, FusionError):
            raise answer
        return answer

    def batch_with_faults(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self._answer(method) for method, _ in calls]

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = self.batch_with_faults(calls)
        for answer in answers:
            if isinstance(answer, FusionError):
                raise answer
        return answers


def send(node: Node, timeout: float = 5.0, max_fee: int = 500 * GWEI) -> Any:
    return Sender(node, 31337, max_fee).send(ACCOUNT, REQUEST, timeout=timeout)


def signed(raw: str) -> dict[str, Any]:
    """The fields of a raw transaction."""
    return TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
