"""A job whose receipt is lost is posted once, whoever asks for it again."""

import time
from collections.abc import Callable
from typing import Protocol

import pytest

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, Offer, Sells, Split, Status, VersionTerms
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import Call
from fusion.chain.deployment import MUSD
from fusion.errors import BadInput, TransactionLost
from fusion.market import trade
from node import request
from node.spec import JobSpec

FEE = 300_000


class Deployed(Protocol):
    """What the fixture of that name gives."""

    anvil: Anvil
    chain: Chain

    def __getitem__(self, name: str) -> Account: ...


@pytest.fixture
def offer(deployed: Deployed) -> int:
    """Of version 1, for its runs at a dollar each."""
    chain, author = deployed.chain, deployed["author"]
    module = chain.send(author, chain.registry.register_module("m")).event(ModuleRegistered).module_id
    terms = VersionTerms(bytes(range(32)), bytes(range(32)), Access.OPEN, 0, "1.0.0")
    call = chain.registry.publish(module, terms, [Split(author.address, 0, 1_000_000)])
    version = chain.send(author, call).event(Published).version_id
    return trade.set_offer(chain, author, Offer(chain.token.address, version, 0, 0, MUSD, 0, 0, 0, Sells.RUNS))[0]


@pytest.fixture
def post(deployed: Deployed, offer: int, monkeypatch: pytest.MonkeyPatch) -> Callable[..., request.Request]:
    monkeypatch.setattr(request, "LOST", 0.0)

    def posted(*, seed: int = 0, again: bool = False) -> request.Request:
        spec = JobSpec(1, seed=seed)
        return request.post(
            deployed.chain, deployed["buyer"], spec, fee=FEE, n=3, k=2, offer_id=offer, max_run_price=MUSD, again=again
        )

    return posted


def _losing(chain: Chain, send: Callable[[Account, Call], Receipt]) -> Callable[[Account, Call], Receipt]:
    """Sends as `send` does, and then loses the receipt of a posted job."""

    def lost(account: Account, call: Call) -> Receipt:
        if not call.signature.startswith("post("):
            return send(account, call)
        sent = {"to": call.to, "data": call.data, "value": 0}
        chain._sender.broadcast(account, sent, time.monotonic() + 60.0)
        raise TransactionLost("it has no receipt yet")

    return lost


def test_a_receipt_that_was_lost_is_looked_for(
    deployed: Deployed, post: Callable[..., request.Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = deployed.chain
    monkeypatch.setattr(request, "LOST", 60.0)  # it is on its way into a block
    monkeypatch.setattr(chain, "send", _losing(chain, chain.send))
    posted = post()
    assert posted.job_id == chain.jobs.job_count() == 1
    assert posted.receipts[-1].status == 1


def test_who_asks_again_for_a_lost_job_goes_on_with_it(
    deployed: Deployed, post: Callable[..., request.Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, buyer = deployed.chain, deployed["buyer"].address
    chain.send(deployed["buyer"], chain.token.approve(chain.jobs.address, 10 * MUSD))
    with monkeypatch.context() as patch:
        patch.setattr(chain, "send", _losing(chain, chain.send))
        deployed.anvil.automine(on=False)
        with pytest.raises(TransactionLost, match="asking for the same job again goes on with it"):
            post()
    deployed.anvil.automine(on=True)
    deployed.anvil.mine()
    held = chain.token.balance_of(buyer)
    assert post() == request.Request(1, ())
    assert (chain.jobs.job_count(), chain.token.balance_of(buyer)) == (1, held)


def test_another_spec_and_another_wish_are_other_jobs(deployed: Deployed, post: Callable[..., request.Request]) -> None:
    assert post().job_id == 1
    assert post(seed=1).job_id == 2
    assert post(again=True).job_id == 3
    chain = deployed.chain
    deployed.anvil.advance(chain.jobs.windows().open + 1)
    for job_id in (1, 3):
        chain.send(deployed["ann"], chain.jobs.expire(job_id))
        assert chain.jobs.job(job_id).status is Status.FAILED
    assert post().job_id == 4  # those that ended are done with


def test_what_the_market_would_refuse_is_said_before_anything_is_sent(
    deployed: Deployed, post: Callable[..., request.Request], offer: int
) -> None:
    chain, author, buyer = deployed.chain, deployed["author"], deployed["buyer"]
    with pytest.raises(BadInput, match=r"price too low: a run by offer 1 costs 1\.00, you would pay at most 0\.50"):
        request.post(chain, buyer, JobSpec(1), fee=FEE, n=1, k=1, offer_id=offer, max_run_price=MUSD // 2)
    with pytest.raises(BadInput, match=r"license 7 is not one of .* that is valid for version 1"):
        request.post(chain, buyer, JobSpec(1), fee=FEE, n=1, k=1, license_id=7)
    trade.set_offer(chain, author, Offer(chain.token.address, 1, 0, MUSD, 0, 0, 0, 0, Sells.LICENSES))
    with pytest.raises(BadInput, match="offer 2 sells no runs of version 1 now"):
        request.post(chain, buyer, JobSpec(1), fee=FEE, n=1, k=1, offer_id=2, max_run_price=MUSD)
    chain.send(deployed["deployer"], chain.jobs.pause())
    with pytest.raises(BadInput, match="no jobs are taken now: the network is paused"):
        post()
    assert chain.jobs.job_count() == 0
