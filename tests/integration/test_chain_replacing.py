"""Transactions that no block takes: replaced, offered again, given up, and never included twice."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from structlog.testing import capture_logs

from fusion.chain import front, watch
from fusion.chain.account import Account
from fusion.chain.bindings.mock_usd import Transfer
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import Call
from fusion.chain.fees import GWEI
from fusion.chain.nonces import Nonces
from fusion.chain.permit import sign_permit
from fusion.errors import ChainUnavailable, ContractRefused, TransactionLost
from tests.integration.chain_proxy import Fault, Proxy


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks alone decide what is stuck: tests mine them when they like."""
    monkeypatch.setattr(watch, "STUCK_AFTER", 0.0)
    monkeypatch.setattr(front, "SECONDS", 0.0)
    monkeypatch.setattr(watch, "LAST_POLL", 0.05)
    monkeypatch.setattr(watch, "SURE_AFTER", 0.5)


@pytest.fixture
def quiet(deployed) -> Iterator[Any]:
    """The contracts, on a chain that makes a block only when it is told to."""
    deployed.anvil.automine(on=False)
    yield deployed
    deployed.anvil.automine(on=True)


class Sending:
    """A call being sent in a thread of its own."""

    def __init__(self, chain: Chain, account: Account, call: Call, timeout: float = 60.0) -> None:
        self._chain, self._account = chain, account
        self.nonce = count(chain, account, "pending")
        pool = ThreadPoolExecutor(1)
        self._thread: Future[Receipt] = pool.submit(chain.send, account, call, timeout=timeout)
        pool.shutdown(wait=False)

    @property
    def done(self) -> bool:
        return self._thread.done()

    def result(self) -> Receipt:
        return self._thread.result(60)

    def await_offer(self) -> None:
        """Returns once the node has it."""
        until(lambda: count(self._chain, self._account, "pending") > self.nonce)

    def mine_until_done(self, blocks: int = 60) -> Receipt:
        for _ in range(blocks):
            if self.done:
                break
            self._chain.rpc.call("anvil_mine", "0x1")
            threading.Event().wait(0.15)
        return self.result()


def until(holds, timeout: float = 30.0) -> None:
    pause = threading.Event()
    for _ in range(int(timeout / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("it never came about")


def count(chain: Chain, account: Account, block: str) -> int:
    return int(chain.rpc.call("eth_getTransactionCount", account.address, block), 16)


def minted(chain: Chain, account: Account, amount: int) -> int:
    """How often that amount, which each test chooses for itself, was minted to the account."""
    return sum(event.value == amount for event in chain.find(Transfer, to=account.address))


def included(chain: Chain, tx_hash: str) -> dict[str, Any]:
    return chain.rpc.call("eth_getTransactionByHash", tx_hash)


def transfer(chain: Chain, account: Account, nonce: int, *, tip: int, gas: int = 21_000) -> str:
    """A transfer that this process does not watch over, as of one that is gone; returns its hash."""
    transaction = {
        "type": 2,
        "chainId": 31337,
        "nonce": nonce,
        "gas": gas,
        "maxFeePerGas": 2 * GWEI + tip,
        "maxPriorityFeePerGas": tip,
        "value": 1,
        "data": b"",
        "to": account.address,
    }
    return str(chain.rpc.call("eth_sendRawTransaction", "0x" + account.sign_transaction(transaction)[0].hex()))


def test_a_transaction_below_the_base_fee_is_replaced(quiet) -> None:
    chain, ann = quiet.chain, quiet["ann"]
    sending = Sending(chain, ann, chain.token.mint(ann.address, 7))
    sending.await_offer()
    first = chain.rpc.call("eth_getBlockByNumber", "pending", True)["transactions"][0]
    chain.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(50 * GWEI))

    receipt = sending.mine_until_done()

    last = included(chain, receipt.tx_hash)
    assert int(last["nonce"], 16) == int(first["nonce"], 16) == sending.nonce
    for fee in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert int(last[fee], 16) >= 1.125 * int(first[fee], 16)
    assert minted(chain, ann, 7) == 1


def test_a_transaction_that_blocks_leave_out_is_replaced(quiet) -> None:
    chain, ann = quiet.chain, quiet["ann"]
    sending = Sending(chain, ann, chain.token.mint(ann.address, 7))
    sending.await_offer()
    first = chain.rpc.call("eth_getBlockByNumber", "pending", True)["transactions"][0]
    # No room for it beside the transfer of a man who pays more.
    chain.rpc.call("evm_setBlockGasLimit", hex(int(first["gas"], 16) + 15_000))
    nonce = count(chain, quiet["bob"], "latest")
    for number in range(watch.STUCK_BLOCKS + 2):
        transfer(chain, quiet["bob"], nonce + number, tip=50 * GWEI)
        quiet.anvil.mine()
        threading.Event().wait(0.2)

    receipt = sending.mine_until_done()

    assert receipt.tx_hash != first["hash"]
    assert int(included(chain, receipt.tx_hash)["nonce"], 16) == sending.nonce
    assert minted(chain, ann, 7) == 1


def test_a_dropped_transaction_is_offered_again(quiet) -> None:
    chain, ann = quiet.chain, quiet["ann"]
    sending = Sending(chain, ann, chain.token.mint(ann.address, 7))
    sending.await_offer()
    dropped = chain.rpc.call("eth_getBlockByNumber", "pending", True)["transactions"][0]["hash"]
    chain.rpc.call("anvil_dropTransaction", dropped)

    receipt = sending.mine_until_done()

    assert receipt.tx_hash == dropped
    assert minted(chain, ann, 7) == 1


def test_no_more_than_the_highest_fee_is_offered_and_that_is_said_once(quiet) -> None:
    most = 4 * GWEI
    chain, ann = Chain.connect(quiet.anvil.url, quiet.chain.deployment, most), quiet["ann"]
    with capture_logs() as logs:
        sending = Sending(chain, ann, chain.token.mint(ann.address, 7))
        sending.await_offer()
        chain.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(20 * GWEI))
        receipt = sending.mine_until_done()  # the empty blocks lower the base fee

    assert int(included(chain, receipt.tx_hash)["maxFeePerGas"], 16) <= most
    assert [each["event"] for each in logs].count("a stuck transaction waits: it may not cost more") <= 1
    assert minted(chain, ann, 7) == 1


def test_nothing_is_sent_while_gas_costs_more_than_the_highest_fee(quiet) -> None:
    chain, ann = Chain.connect(quiet.anvil.url, quiet.chain.deployment, 2 * GWEI), quiet["ann"]
    nonce = count(chain, ann, "latest")
    chain.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(8 * GWEI))
    quiet.anvil.mine()

    with capture_logs() as logs, pytest.raises(TransactionLost, match=r"than 2 gwei may be offered.*nothing was sent"):
        chain.send(ann, chain.token.mint(ann.address, 7), timeout=1.2)

    assert [each["event"] for each in logs] == ["waits: gas costs more than may be offered"]
    assert count(chain, ann, "pending") == nonce


def test_a_stuck_call_that_would_revert_is_given_up_and_frees_its_nonce(quiet) -> None:
    chain, ann = quiet.chain, quiet["ann"]
    deadline = chain.now() + 60
    signed = sign_permit(ann, chain, chain.token.address, chain.market.address, 5, deadline)
    with capture_logs() as logs:
        sending = Sending(chain, ann, chain.token.permit(ann.address, chain.market.address, 5, deadline, *signed))
        sending.await_offer()
        chain.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(50 * GWEI))
        quiet.anvil.advance(600)  # the permit has expired

        with pytest.raises(ContractRefused, match="ERC2612ExpiredSignature"):
            sending.mine_until_done()

    block = chain.rpc.call("eth_getBlockByNumber", "latest", True)
    assert [(each["to"], each["input"], each["value"]) for each in block["transactions"]] == [
        (ann.address.lower(), "0x", "0x0")
    ]
    assert count(chain, ann, "latest") == sending.nonce + 1
    assert "gives up a stuck transaction that would revert now" in [each["event"] for each in logs]


def test_the_same_call_goes_on_with_what_is_on_its_way(quiet) -> None:
    chain, ann = quiet.chain, quiet["ann"]
    call = chain.token.mint(ann.address, 7)
    with pytest.raises(TransactionLost):
        chain.send(ann, call, timeout=0.5)

    again = Sending(chain, ann, call)
    until(lambda: Nonces.of(31337, ann.address).is_watched(again.nonce - 1))
    again.mine_until_done()

    assert minted(chain, ann, 7) == 1
    assert count(chain, ann, "latest") == again.nonce

    # What was included is not on its way: the next is another one.
    Sending(chain, ann, call).mine_until_done()
    assert minted(chain, ann, 7) == 2


@pytest.mark.parametrize("gap", [False, True])
def test_what_a_former_process_left_does_not_block_the_account(quiet, *, gap: bool) -> None:
    """A pending transaction that no block takes, and a gap where one was dropped."""
    chain, ann = quiet.chain, quiet["ann"]
    nonce = count(chain, ann, "latest")
    room = int(chain.rpc.call("eth_getBlockByNumber", "latest", False)["gasLimit"], 16)
    lost = transfer(chain, ann, nonce, tip=GWEI // 10, gas=120_000)
    sending = Sending(chain, ann, chain.token.mint(ann.address, 7))
    sending.await_offer()
    if gap:
        chain.rpc.call("anvil_dropTransaction", lost)
    chain.rpc.call("evm_setBlockGasLimit", hex(110_000))  # room for a transfer alone
    for _ in range(front.BLOCKS + 2):
        quiet.anvil.mine()
        threading.Event().wait(0.15)
    chain.rpc.call("evm_setBlockGasLimit", hex(room))

    receipt = sending.mine_until_done()

    assert chain.receipt(lost) is None
    assert int(included(chain, receipt.tx_hash)["nonce"], 16) == nonce + 1
    assert minted(chain, ann, 7) == 1


def test_an_endpoint_that_fails_in_all_ways_includes_a_call_once_at_most(deployed) -> None:
    """Down, deaf, slow, cut short, dropping, going back: each call of a series is included once or not at all."""
    chain, anvil, ann = deployed.chain, deployed.anvil, deployed["ann"]
    chance = random.Random(20)
    anvil.rpc.call("evm_setAutomine", False)
    with Proxy.before(anvil.url) as proxy:
        shaky = Chain.connect(proxy.url, chain.deployment)
        for amount in range(1001, 1013):
            sending = Sending(shaky, ann, chain.token.mint(ann.address, amount), timeout=1.5)
            for _ in range(40):
                if sending.done:
                    break
                proxy.fault = chance.choice([*Fault, Fault.NONE, Fault.NONE])
                waiting = chain.rpc.call("eth_getBlockByNumber", "pending", True)["transactions"]
                if waiting and chance.random() < 0.3:
                    chain.rpc.call("anvil_dropTransaction", chance.choice(waiting)["hash"])
                if chance.random() < 0.3:
                    chain.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(chance.randrange(1, 12) * GWEI))
                if chance.random() < 0.6:
                    anvil.mine()
                if chance.random() < 0.1:
                    anvil.reorg(1)
                threading.Event().wait(0.05)
            proxy.fault = Fault.NONE
            try:
                known = sending.mine_until_done().status == 1
            except (ChainUnavailable, TransactionLost):
                known = False
            times = minted(chain, ann, amount)
            assert times <= 1
            assert times == 1 or not known
        anvil.rpc.call("evm_setAutomine", True)
        shaky.send(ann, chain.token.mint(ann.address, 999))

    assert minted(chain, ann, 999) == 1
