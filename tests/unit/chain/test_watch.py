"""What becomes of a transaction that no block takes, against a scripted node."""

from itertools import count, pairwise
from typing import Any

import pytest
from eth_utils.crypto import keccak
from structlog.testing import capture_logs

from fusion.chain import transactions, watch
from fusion.chain.account import Account
from fusion.chain.fees import GWEI
from fusion.chain.nonces import Nonces
from fusion.chain.quote import SPARE_GAS
from fusion.chain.rpc import RpcError
from fusion.errors import BadInput, TransactionLost
from tests.unit.chain.scripted_node import ACCOUNT, DOWN, RECEIPT, REQUEST, Node, block, fault, send, signed

pytestmark = pytest.mark.usefixtures("hurried")
KNOWN = {"hash": "0x"}
REVERTS = fault("execution reverted", b"\1\2\3\4")


def blocks(base: int = 100, first: int = 1) -> Any:
    """A new block at each look."""
    return (block(number, base) for number in count(first))


class Chain(Node):
    """A node that includes a transaction once `takes` says so of its fields."""

    def __init__(self, takes: Any, **answers: Any) -> None:
        super().__init__(**{"eth_getTransactionByHash": [KNOWN], "eth_getBlockByNumber": blocks(), **answers})
        self._takes = takes

    def batch_with_faults(self, calls: Any) -> list[Any]:
        return [
            self._receipt(params[0]) if method == "eth_getTransactionReceipt" else self._answer(method)
            for method, params in calls
        ]

    def _receipt(self, tx_hash: str) -> Any:
        for raw in self.sent:
            fields = signed(raw)
            if hash_of(raw) == tx_hash and self._takes(fields):
                return {**RECEIPT, "hash": tx_hash}
        return None


def hash_of(raw: str) -> str:
    return "0x" + keccak(hexstr=raw).hex()


def test_a_stuck_transaction_is_signed_anew_with_its_nonce_its_call_and_a_quarter_more() -> None:
    node = Chain(lambda fields: fields["maxFeePerGas"] > 2 * GWEI, eth_maxPriorityFeePerGas=[hex(GWEI)])

    _, gas = send(node)

    versions = [signed(raw) for raw in node.sent]
    assert len(versions) > 2
    for before, after in pairwise(versions):
        for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
            assert after[fee] * 4 >= before[fee] * 5
        assert {name: after[name] for name in ("nonce", "to", "data", "value", "chainId")} == {
            name: before[name] for name in ("nonce", "to", "data", "value", "chainId")
        }
    assert gas == versions[-1]["gas"]


def test_it_is_left_its_blocks_first() -> None:
    numbers = iter([1] + [1 + watch.STUCK_BLOCKS - 1] * 50)
    node = Chain(lambda fields: False, eth_getBlockByNumber=(block(next(numbers)) for _ in range(51)))

    with pytest.raises(TransactionLost):
        send(node, timeout=0.1)

    assert len(node.sent) == 1


def test_below_the_base_fee_it_is_replaced_at_once() -> None:
    node = Chain(
        lambda fields: fields["maxFeePerGas"] >= 9 * GWEI,
        eth_getBlockByNumber=iter([block(1), *[block(2, 9 * GWEI)] * 100]),
    )

    send(node)

    assert len(node.sent) == 2
    assert signed(node.sent[1])["maxFeePerGas"] >= 18 * GWEI


def test_an_older_version_may_be_the_one_that_is_included() -> None:
    node = Chain(lambda fields: False)
    node._takes = lambda fields: len(node.sent) == 3 and fields == signed(node.sent[0])

    receipt, _ = send(node)

    assert receipt["hash"] == hash_of(node.sent[0])


def test_no_version_costs_more_than_allowed_and_waiting_is_said_once() -> None:
    node = Chain(lambda fields: False, eth_maxPriorityFeePerGas=[hex(GWEI)])

    with capture_logs() as logs, pytest.raises(TransactionLost):
        send(node, timeout=1.0, max_fee=2 * GWEI)

    assert len(node.sent) > 1
    assert max(signed(raw)["maxFeePerGas"] for raw in node.sent) <= 2 * GWEI
    waits = [each for each in logs if each["event"] == "a stuck transaction waits: it may not cost more"]
    assert [each["log_level"] for each in waits] == ["warning"]


def test_no_version_costs_more_than_the_account_has() -> None:
    gas = 21000 * 5 // 4 + SPARE_GAS
    node = Chain(lambda fields: False, eth_maxPriorityFeePerGas=[hex(GWEI)], eth_getBalance=[hex(2 * GWEI * gas)])

    with pytest.raises(TransactionLost):
        send(node, timeout=0.5)

    assert len(node.sent) > 1
    assert max(signed(raw)["maxFeePerGas"] for raw in node.sent) <= 2 * GWEI


def test_a_stuck_call_that_would_revert_is_replaced_by_nothing() -> None:
    node = Chain(lambda fields: fields["data"] == b"", eth_estimateGas=["0x5208", REVERTS])

    with pytest.raises(RpcError) as caught:
        send(node)

    assert caught.value.data == b"\1\2\3\4"
    first, last = (signed(raw) for raw in node.sent)
    assert (last["nonce"], last["value"], last["to"]) == (first["nonce"], 0, bytes.fromhex(ACCOUNT.address[2:]))


def test_the_call_may_win_over_its_cancellation() -> None:
    node = Chain(lambda fields: False, eth_estimateGas=["0x5208", REVERTS])
    node._takes = lambda fields: len(node.sent) == 2 and fields["data"] == REQUEST["data"]

    assert send(node)[0]["hash"] == hash_of(node.sent[0])


def test_a_node_that_cannot_simulate_does_not_make_it_give_up() -> None:
    node = Chain(lambda fields: False, eth_estimateGas=["0x5208", fault("header not found")])
    node._takes = lambda fields: len(node.sent) == 2

    send(node)

    assert {signed(raw)["data"] for raw in node.sent} == {REQUEST["data"]}


def test_a_dropped_transaction_is_offered_again_as_it_is() -> None:
    node = Chain(lambda fields: len(node.sent) == 3, eth_getTransactionByHash=[None])

    send(node)

    assert len(set(node.sent)) == 1


def test_another_of_the_same_nonce_is_not_outbid_at_once() -> None:
    node = Chain(
        lambda fields: len(node.sent) > watch.STUCK_BLOCKS + 2,
        eth_getTransactionByHash=[None],
        eth_sendRawTransaction=["0x", fault("replacement transaction underpriced")],
    )

    send(node)

    assert len(set(node.sent[: watch.STUCK_BLOCKS])) == 1


def test_a_node_that_counts_no_lost_transaction_is_outbid() -> None:
    """Its next nonce stays the one that a lost transaction holds."""
    refusals = [fault("replacement transaction underpriced")] * 5
    node = Node(eth_sendRawTransaction=[*refusals, "0x"], eth_maxPriorityFeePerGas=[hex(GWEI)])

    send(node)

    offered = [signed(raw)["maxFeePerGas"] for raw in node.sent]
    assert offered[transactions.OFFERS] * 4 >= offered[transactions.OFFERS - 1] * 5
    assert len({signed(raw)["nonce"] for raw in node.sent}) == 1


def test_a_signer_that_refuses_a_replacement_leaves_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Chain(lambda fields: False)
    sign, signings = Account.sign_transaction, []

    def once(self: Account, transaction: Any) -> Any:
        signings.append(transaction)
        if len(signings) > 1:
            raise BadInput("the signer refuses")
        return sign(self, transaction)

    monkeypatch.setattr(Account, "sign_transaction", once)

    with capture_logs() as logs, pytest.raises(TransactionLost, match="may still be included"):
        send(node, timeout=0.5)

    assert len(node.sent) == 1
    assert [each["why"] for each in logs if each["log_level"] == "warning"] == ["the signer refuses"]


def test_a_node_in_trouble_is_asked_again() -> None:
    node = Chain(lambda fields: len(node.sent) == 1, eth_getTransactionCount=["0x7", fault("busy"), DOWN, "0x7"])

    assert send(node)[0]["status"] == "0x1"


def test_a_nonce_that_nobody_waits_for_is_freed() -> None:
    """Ours waits behind nonce 6; the one who freed it bids until the node takes it."""
    node = Chain(
        lambda fields: fields["nonce"] == 7 and any(signed(raw)["nonce"] == 6 for raw in node.sent[:-1]),
        eth_getTransactionCount=["0x7", "0x6"],
        eth_sendRawTransaction=["0x", fault("replacement transaction underpriced"), "0x"],
    )

    with capture_logs() as logs:
        send(node)

    freed = [signed(raw) for raw in node.sent[1:]]
    assert [each["nonce"] for each in freed] == [6, 6]
    assert {(each["data"], each["value"]) for each in freed} == {(b"", 0)}
    assert freed[1]["maxFeePerGas"] == 2 * freed[0]["maxFeePerGas"]
    assert "freed a nonce whose transaction was not included" in [each["event"] for each in logs]


def test_a_nonce_that_another_thread_waits_for_is_not_freed() -> None:
    node = Chain(lambda fields: False, eth_getTransactionCount=["0x7", "0x6"])
    with Nonces.of(31337, ACCOUNT.address).watching(6), pytest.raises(TransactionLost):
        send(node, timeout=0.3)

    assert [signed(raw)["nonce"] for raw in node.sent] == [7]
