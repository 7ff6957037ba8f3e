"""Sending against a scripted node: what is sent again, what is not, and what is said."""

from typing import Any

import pytest

from fusion.chain import transactions, watch
from fusion.chain.quote import SPARE_GAS
from fusion.chain.rpc import RpcError
from fusion.errors import BadInput, ChainUnavailable, TransactionLost
from tests.unit.chain.scripted_node import ACCOUNT, DOWN, RECEIPT, Node, fault, send

pytestmark = pytest.mark.usefixtures("hurried")


def test_what_is_sent_is_priced_with_headroom() -> None:
    node = Node()

    receipt, limit = send(node)

    assert receipt == RECEIPT
    assert limit == 21000 * 5 // 4 + SPARE_GAS
    assert len(node.sent) == 1


def test_gas_stays_within_a_block() -> None:
    assert send(Node(eth_estimateGas=["0x1c9c37f"]))[1] == 0x1C9C380


@pytest.mark.parametrize(
    "reason", ["nonce too low", "replacement transaction underpriced", "max fee per gas less than block base fee"]
)
def test_a_refused_nonce_or_fee_is_signed_anew(reason: str) -> None:
    node = Node(eth_sendRawTransaction=[fault(reason), "0x"], eth_getTransactionCount=["0x7", "0x8", "0x8"])

    send(node)

    assert len(set(node.sent)) == 2


def test_a_node_that_knows_it_already_has_it() -> None:
    node = Node(eth_sendRawTransaction=[fault("transaction already imported")])

    send(node)

    assert len(node.sent) == 1


def test_a_broken_broadcast_repeats_the_same_bytes() -> None:
    node = Node(eth_sendRawTransaction=[DOWN, DOWN, fault("already known")])

    send(node)

    assert len(node.sent) == 3
    assert len(set(node.sent)) == 1


def test_a_broadcast_that_may_have_arrived_is_not_signed_anew() -> None:
    node = Node(eth_sendRawTransaction=[DOWN, fault("nonce too low")])

    assert send(node)[0] == RECEIPT
    assert len(set(node.sent)) == 1


def test_an_endpoint_that_stays_down_tells_the_hash() -> None:
    with pytest.raises(ChainUnavailable, match=r"no answer; transaction 0x\w{64} may have been sent"):
        send(Node(eth_sendRawTransaction=[DOWN]))


def test_waiting_outlasts_a_broken_endpoint() -> None:
    node = Node(eth_getTransactionReceipt=[DOWN, DOWN, None, RECEIPT])

    assert send(node)[0] == RECEIPT
    assert len(node.sent) == 1


def test_one_lagging_answer_does_not_send_again() -> None:
    node = Node(eth_getTransactionCount=["0x7", "0x8"], eth_getTransactionReceipt=[None, None, None, None, RECEIPT])

    send(node)

    assert len(node.sent) == 1


def test_a_nonce_that_another_used_is_signed_anew() -> None:
    misses = [None] * (2 * watch.SURE)
    node = Node(eth_getTransactionCount=["0x7", "0x8"], eth_getTransactionReceipt=[*misses, RECEIPT])

    send(node)

    assert len(set(node.sent)) == 2


def test_a_transaction_that_the_node_still_has_is_not_signed_anew() -> None:
    node = Node(
        eth_getTransactionCount=["0x7", "0x8"],
        eth_getTransactionReceipt=[*[None] * 10 * watch.SURE, RECEIPT],
        eth_getTransactionByHash=[{"hash": "0x"}],
    )

    send(node)

    assert len(node.sent) == 1


def test_a_transaction_is_not_taken_as_replaced_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SURE_AFTER", 60.0)
    misses = [None] * 10 * watch.SURE
    node = Node(eth_getTransactionCount=["0x7", "0x8"], eth_getTransactionReceipt=[*misses, RECEIPT])

    send(node)

    assert len(node.sent) == 1


def test_a_chain_without_a_base_fee_is_told() -> None:
    node = Node(eth_getBlockByNumber=[{"gasLimit": "0x1"}], eth_maxPriorityFeePerGas=[fault("method not found")])

    with pytest.raises(BadInput, match="chain 31337 has no base fee"):
        send(node)


def test_no_receipt_in_time() -> None:
    with pytest.raises(TransactionLost, match=r"transaction 0x\w{64} of 0x\w{40} has no receipt yet"):
        send(Node(eth_getTransactionReceipt=[None]), timeout=0.01)


def test_others_are_always_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "ATTEMPTS", 3)
    node = Node(eth_sendRawTransaction=[fault("nonce too low")])

    with pytest.raises(TransactionLost, match=f"others send from {ACCOUNT.address} so fast that 3 tries were refused"):
        send(node)
    assert len(node.sent) == 3


def test_a_simulation_that_reverts_sends_nothing() -> None:
    node = Node(eth_estimateGas=[fault("execution reverted", b"\1\2\3\4")])

    with pytest.raises(RpcError) as caught:
        send(node)

    assert caught.value.data == b"\1\2\3\4"
    assert node.sent == []


@pytest.mark.parametrize(
    "answers",
    [
        {"eth_getBalance": [hex(10**6)]},
        {"eth_estimateGas": [fault("Insufficient funds for gas * price + value")], "eth_getBalance": ["0x0"]},
        {"eth_sendRawTransaction": [fault("insufficient funds")]},
    ],
)
def test_too_little_ether(answers: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=rf"{ACCOUNT.address} has too little ether for gas: 0\.0+ on chain 31337"):
        send(Node(**answers))


def test_another_refusal_is_told_as_the_node_told_it() -> None:
    with pytest.raises(RpcError, match="node refused: invalid chain id"):
        send(Node(eth_sendRawTransaction=[fault("invalid chain id")]))
