"""Sending when others send too, and when the chain does not keep still."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fusion.chain import account as accounts
from fusion.chain.anvil import Anvil, free_port
from fusion.chain.bindings.mock_usd import Transfer
from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment, deploy
from fusion.chain.permit import sign_permit
from fusion.errors import ChainUnavailable, ContractRefused, TransactionLost


def mint_often(url: str, deployment: Path, keys: Path, times: int) -> None:
    """What each process does: the same call again and again from the same account."""
    chain = Chain.connect(url, Deployment.load(deployment))
    account = accounts.load(keys, "ann")
    for _ in range(times):
        chain.send(account, chain.token.mint(account.address, 1))


def pending(chain: Chain, address: str) -> int:
    return int(chain.rpc.call("eth_getTransactionCount", address, "pending"), 16)


def until(holds, timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("block_time", [None, 1])
def test_processes_share_an_account(tmp_path: Path, block_time: int | None) -> None:
    times = 15 if block_time is None else 2
    with Anvil.run(block_time=block_time) as anvil:
        account = accounts.create(tmp_path / "keys", "ann")
        anvil.fund(account.address)
        deployment = deploy(anvil.url, account, treasury=account.address)
        deployment.save(tmp_path / "deployment.json")
        arguments = (anvil.url, tmp_path / "deployment.json", tmp_path / "keys", times)
        spawning = multiprocessing.get_context("spawn")
        processes = [spawning.Process(target=mint_often, args=arguments) for _ in range(2)]
        for each in processes:
            each.start()
        for each in processes:
            each.join(60)

        chain = Chain.connect(anvil.url, deployment)
        assert [each.exitcode for each in processes] == [0, 0]
        assert chain.token.balance_of(account.address) == 2 * times
        assert len(chain.find(Transfer)) == 2 * times


def test_threads_share_an_account(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    before = chain.token.balance_of(ann.address)

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: chain.send(ann, chain.token.mint(ann.address, 1)), range(40)))

    assert len({receipt.tx_hash for receipt in receipts}) == 40
    assert chain.token.balance_of(ann.address) == before + 40


def test_a_transaction_that_another_replaced_is_sent_again_once(deployed) -> None:
    chain, anvil, ann = deployed.chain, deployed.anvil, deployed["ann"]
    before, nonce = chain.token.balance_of(ann.address), pending(chain, ann.address)
    anvil.automine(on=False)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(chain.send, ann, chain.token.mint(ann.address, 1))
        until(lambda: pending(chain, ann.address) == nonce + 1)
        other = {
            "type": 2,
            "chainId": 31337,
            "nonce": nonce,
            "gas": 21_000,
            "maxFeePerGas": 10**12,
            "maxPriorityFeePerGas": 10**11,
            "value": 1,
            "data": b"",
            "to": ann.address,
        }
        chain.rpc.call("eth_sendRawTransaction", "0x" + ann.sign_transaction(other)[0].hex())
        anvil.mine()
        anvil.automine(on=True)

        assert sending.result(30).status == 1

    assert chain.token.balance_of(ann.address) == before + 1
    assert pending(chain, ann.address) == nonce + 2


def test_a_revert_after_the_simulation_passed_is_told(deployed) -> None:
    chain, anvil, ann = deployed.chain, deployed.anvil, deployed["ann"]
    nonce, deadline = pending(chain, ann.address), chain.now() + 60
    signed = sign_permit(ann, chain, chain.token.address, chain.market.address, 5, deadline)
    call = chain.token.permit(ann.address, chain.market.address, 5, deadline, *signed)
    anvil.automine(on=False)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(chain.send, ann, call)
        until(lambda: pending(chain, ann.address) == nonce + 1)
        anvil.advance(600)

        with pytest.raises(ContractRefused, match=rf"MockUSD.permit was refused: .* {deadline} \(ERC2612Expired"):
            sending.result(30)

    assert chain.token.allowance(ann.address, chain.market.address) == 0


def test_no_receipt_in_time(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    deployed.anvil.automine(on=False)

    with pytest.raises(TransactionLost, match="has no receipt yet; it may still be included"):
        chain.send(ann, chain.token.mint(ann.address, 1), timeout=0.3)


def test_a_chain_goes_on_from_its_state(tmp_path: Path) -> None:
    port, state = free_port(), tmp_path / "state.json"
    account = accounts.Account.random()
    with Anvil.run(state=state, port=port) as anvil:
        anvil.fund(account.address)
        chain = Chain.connect(anvil.url, deploy(anvil.url, account, treasury=account.address))
        receipt = chain.send(account, chain.token.mint(account.address, 7))

    with pytest.raises(ChainUnavailable, match="start it with `fusion up`"):
        chain.send(account, chain.token.mint(account.address, 1))

    with Anvil.run(state=state, port=port):
        assert chain.receipt(receipt.tx_hash) == receipt
        assert chain.find(Transfer, to=account.address) == list(receipt.events)
        chain.send(account, chain.token.mint(account.address, 1))
        assert chain.token.balance_of(account.address) == 8
