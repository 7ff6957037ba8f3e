"""Publishing and paying out on a real chain."""

from pathlib import Path

import pytest

from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, Offer, Sells, Split, VersionTerms
from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput
from fusion.market import trade
from fusion.market.payout import claim, income, settle
from fusion.market.publish import publish

OTHER_TERMS = "signal 1.0.0 is published with other terms; raise the version in module.toml"


def bundle(name: str, requires: dict[str, Cid] | None = None) -> Bundle:
    lines = [
        f'name = "{name}"\nversion = "1.0.0"\nentry = "run"\nsummary = "A test"\nlicense = "Apache-2.0"',
        '[inputs]\nprice = "Any"\n[outputs]\nvalue = "One"\n[requires]',
        *(f'{key} = {{version = "1.0.0", cid = "{cid}"}}' for key, cid in (requires or {}).items()),
    ]
    return Bundle.from_files({"module.toml": "\n".join(lines).encode(), "module.py": b"def run(): ...\n"})


def test_a_bundle_published_again_is_the_same_version_only_on_the_same_terms(deployed, tmp_path: Path) -> None:
    chain, author, ann, store = deployed.chain, deployed["author"], deployed["ann"], BlockStore(tmp_path)
    ema = bundle("ema")
    upstream = publish(chain, ann, ema, store, min_royalty_ppm=20_000).version_id
    signal = bundle("signal", {"ema": ema.cid})
    terms = {"min_royalty_ppm": 10_000, "shares": {ann.address: 100_000}, "royalties": {"ema": 50_000}}
    first = publish(chain, author, signal, store, **terms)
    nonce = chain.rpc.call("eth_getTransactionCount", author.address, "latest")

    for changed in (
        {"min_royalty_ppm": 20_000},
        {"shares": {}},
        {"shares": {deployed["bob"].address: 100_000}},
        {"royalties": {}},
        {"royalties": {"ema": 60_000}},
    ):
        with pytest.raises(BadInput, match=OTHER_TERMS):
            publish(chain, author, signal, store, **(terms | changed))
    with pytest.raises(BadInput, match="does not require other"):
        publish(chain, author, signal, store, **(terms | {"royalties": {"other": 1}}))

    chain.send(ann, chain.registry.deprecate(upstream))
    again = publish(chain, author, signal, store, **terms)
    assert (again.version_id, again.splits, again.receipts) == (first.version_id, first.splits, ())
    assert chain.rpc.call("eth_getTransactionCount", author.address, "latest") == nonce


def test_dust_that_cannot_move_is_neither_listed_nor_settled(deployed) -> None:
    chain, author = deployed.chain, deployed["author"]
    module = chain.send(author, chain.registry.register_module("ema")).event(ModuleRegistered).module_id
    payees = sorted((deployed[name] for name in ("ann", "bob", "cyd")), key=lambda payee: payee.address.lower())
    splits = [Split(payee.address, 0, ppm) for payee, ppm in zip(payees, (400_000, 400_000, 200_000), strict=True)]
    call = chain.registry.publish(module, VersionTerms(b"c" * 32, b"c" * 32, Access.OPEN, 0, "1.0.0"), splits)
    version = chain.send(author, call).event(Published).version_id
    payee = payees[0].address

    def sell(price: int) -> None:  # below what the protocol takes anything of
        offer, _ = trade.set_offer(
            chain, author, Offer(chain.token.address, version, 0, price, 0, 0, 0, 0, Sells.LICENSES)
        )
        trade.buy(chain, deployed["buyer"], offer)

    sell(2)
    assert income(chain, payee).unsettled == {version: 2}
    assert len(settle(chain, author, version)) == 1
    sell(1)  # the first two rows are owed 2 of the 3 now, the last holds 2 already

    assert income(chain, payee).unsettled == {}
    assert settle(chain, author, version) == []
    chain.send(author, chain.ledger.settle(version, chain.token.address, splits))
    assert chain.ledger.settled(version, chain.token.address) == 2, "the contract agrees"

    sell(7)
    assert income(chain, payee).unsettled == {version: 8}
    assert len(settle(chain, author, version)) == 1
    assert chain.ledger.settled(version, chain.token.address) == 10
    assert claim(chain, payees[0]).amount == 4
