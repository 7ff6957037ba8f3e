"""Logs and blocks as the chain orders them, through a reorg and from hostile hands."""

from itertools import pairwise

from fusion.chain.bindings import mock_usd, module_registry
from fusion.chain.bindings.module_registry import ModuleRegistered
from fusion.chain.bindings.operator_staking import OperatorRegistered
from fusion.chain.contract import selector


def test_events_come_in_the_order_of_the_chain(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    first = chain.head().number + 1
    chain.send(ann, chain.registry.register_module("b"))
    chain.send(ann, chain.token.mint(ann.address, 3))
    chain.send(ann, chain.registry.register_module("a"))
    last = chain.head().number

    events = chain.events(first, last)

    transfer, registered = module_registry.Transfer, ModuleRegistered
    # The token's logs are left out: one in wide use has more than all else together.
    assert [type(each) for each in events] == [transfer, registered, transfer, registered]
    assert len(chain.find(mock_usd.Transfer, to=ann.address)) == 2
    assert events == sorted(events, key=lambda each: (each.log.block_number, each.log.log_index))
    assert [each.name for each in events if isinstance(each, ModuleRegistered)] == ["b", "a"]
    assert chain.events(last + 1, last) == []
    assert chain.events(last + 1, last + 9) == []


def test_logs_name_their_block(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    receipt = chain.send(ann, chain.registry.register_module("b"))

    ref = receipt.event(ModuleRegistered).log

    block = chain.block(receipt.block_number)
    assert block is not None
    assert (ref.block_hash, ref.tx_hash, ref.address) == (block.hash, receipt.tx_hash, chain.registry.address)


def test_blocks_link_to_their_parents(deployed) -> None:
    chain = deployed.chain
    deployed.anvil.mine(450)
    head = chain.head()

    blocks = chain.blocks(0, head.number + 5)

    assert [each.number for each in blocks] == list(range(head.number + 1))
    assert all(child.parent == parent.hash for parent, child in pairwise(blocks))
    assert blocks[-1] == head
    assert chain.block(head.number + 1) is None
    assert chain.now() == head.timestamp


def test_a_reorg_takes_logs_back_and_changes_hashes(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    chain.send(ann, chain.registry.register_module("kept"))
    deployed.anvil.mine(2)
    before = chain.blocks(0, chain.head().number)
    chain.send(ann, chain.registry.register_module("lost"))
    deployed.anvil.mine(4)
    assert len(chain.find(ModuleRegistered)) == 2

    deployed.anvil.reorg(5)

    after = chain.blocks(0, chain.head().number)
    assert [each.name for each in chain.find(ModuleRegistered)] == ["kept"]
    assert after[: len(before)] == before
    assert after[len(before)].parent == before[-1].hash
    chain.send(ann, chain.registry.register_module("lost"))
    assert chain.registry.module_count() == 2


def test_an_endpoint_that_is_no_text_does_not_stop_readers(deployed) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    hostile = b"\xff\xfe\x00http"
    data = selector("register(string)") + (32).to_bytes(32, "big")
    data += len(hostile).to_bytes(32, "big") + hostile.ljust(32, b"\0")
    call = chain.staking.register("http")

    receipt = chain.send(ann, type(call)(call.to, data, call.signature, call.contract))

    assert receipt.event(OperatorRegistered).endpoint == "\ufffd\ufffd\0http"
