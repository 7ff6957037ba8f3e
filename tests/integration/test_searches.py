"""Searches and windows on a real chain: what can go wrong on the way, and that the index says what contracts say."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from fusion.chain.bindings.search_market import CandidateCommitted
from fusion.chain.bindings.types import CandidateStatus, SearchStatus, SearchTerms, WindowKey, WindowStatus
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD
from fusion.content.cid import Cid
from fusion.errors import BadInput, ContractRefused, TransactionLost
from fusion.market import search as market
from fusion.market import window as registry
from fusion.settings import Settings
from indexer import tables
from indexer.database import open_engine
from indexer.follow import Follower
from tests.integration.agreement import agrees
from tests.integration.conftest import Deployed

REWARD, BOND, LOCK = 50 * MUSD, 2 * MUSD, 100 * MUSD
RIGHT, WRONG = (Cid.directory(bytes([number]) * 32) for number in (1, 2))
SETTINGS, OTHERS = b"\xa0", b"\xa1\x61a\x01"


@pytest.fixture
def index(deployed: Deployed, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Follows to the head, and holds the index to what the contracts say there."""
    engine = open_engine(Settings(home=tmp_path).index)
    follower = Follower(deployed.chain, engine)

    def followed() -> Engine:
        follower.step()
        agrees(engine, deployed.chain)
        return engine

    yield followed
    engine.dispose()


@pytest.fixture
def terms(deployed: Deployed) -> SearchTerms:
    """A search whose window lies ten minutes ahead."""
    start = deployed.chain.now() + 600
    window = WindowKey("simulated", "SIM-USD", start, start + 60)
    return SearchTerms(window, 1, 10**9, 300_000, 0, 3, 2, REWARD, BOND, start, (b"left", b"right"))


def owed(deployed: Deployed, name: str) -> int:
    chain = deployed.chain
    return chain.ledger.claimable(deployed[name].address, chain.token.address)


def until(deployed: Deployed, second: int) -> None:
    deployed.anvil.advance(max(1, second - deployed.chain.now()))


def listed(deployed: Deployed, *names: str) -> None:
    for name in names:
        deployed.chain.send(
            deployed["deployer"], deployed.chain.windows.list_recorder(deployed[name].address, listed=True)
        )
        registry.deposit(deployed.chain, deployed[name], 2 * LOCK)


def recorded(deployed: Deployed, window: WindowKey, said: dict[str, Cid], folder: Path) -> bytes:
    """The window is over, and these recorders say these things of it."""
    chain = deployed.chain
    until(deployed, window.end)
    for name, table in said.items():
        registry.commit(chain, deployed[name], window, table, folder)
    key = chain.windows.key_of(window)
    if registry.window_of(chain, key).status == WindowStatus.COMMITTING:
        until(deployed, window.end + chain.windows.rules().commit + 1)
    for name in said:
        registry.reveal(chain, deployed[name], key, folder)
    return key


def test_a_search_without_a_window_gives_everything_back(
    deployed: Deployed, index: Callable[[], Engine], terms: SearchTerms, tmp_path: Path
) -> None:
    chain, folder = deployed.chain, tmp_path / "candidates"
    number, receipt = market.post(chain, deployed["buyer"], terms)
    assert receipt is not None
    assert market.post(chain, deployed["buyer"], terms) == (number, None)
    for name, settings in (("ann", SETTINGS), ("bob", SETTINGS), ("ann", OTHERS)):
        market.commit(chain, deployed[name], number, settings, folder=folder, score=0.5)
    assert market.commit(chain, deployed["ann"], number, SETTINGS, folder=folder) == 1
    index()
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    assert [each.score for each in market.openings(folder, deployed["bob"].address, number)] == [0.5]

    with pytest.raises(BadInput, match=r"search 1 is open, for \d+ s at most: settle it after that"):
        market.settle(chain, deployed["cyd"], number)
    with pytest.raises(BadInput, match="is open: candidates are revealed once its window is recorded"):
        market.reveal(chain, deployed["ann"], number, folder)
    until(deployed, terms.commit_by + 1)
    with pytest.raises(BadInput, match="is awaiting: it takes no more candidates"):
        market.commit(chain, deployed["cyd"], number, SETTINGS, folder=folder)
    until(deployed, chain.windows.recordable_until(terms.window.end) + 1)

    done = market.settle(chain, deployed["cyd"], number)
    assert done == ["expired", *(f"refunded candidate {each}" for each in (1, 2, 3))]
    assert market.settle(chain, deployed["cyd"], number) == []
    assert market.failure_of(chain, number) == "no window"
    assert (owed(deployed, "buyer"), owed(deployed, "ann"), owed(deployed, "bob")) == (REWARD, 2 * BOND, BOND)
    with Session(index()) as session:
        assert {each.status for each in session.exec(select(tables.Candidate))} == {"Refunded"}


def test_a_lost_commit_is_gone_on_with(
    deployed: Deployed, terms: SearchTerms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction was included, but nobody was told: asking again finds it, and puts up no second bond."""
    chain, ann, folder = deployed.chain, deployed["ann"], tmp_path / "candidates"
    number, _ = market.post(chain, deployed["buyer"], terms)
    sent = chain.send

    def lost(account, call, **more):
        receipt = sent(account, call, **more)
        if "commit" in call.name:
            raise TransactionLost("no receipt")
        return receipt

    monkeypatch.setattr(chain, "send", lost)
    with pytest.raises(TransactionLost):
        market.commit(chain, ann, number, SETTINGS, folder=folder)
    monkeypatch.setattr(chain, "send", sent)
    assert market.commit(chain, ann, number, SETTINGS, folder=folder) == 1
    assert len(chain.find(CandidateCommitted, search_id=number)) == 1

    # What never came onto the chain is sent again with the salt that was kept.
    def unsent(account, call, **more):
        if "commit" in call.name:
            raise TransactionLost("no receipt")
        return sent(account, call, **more)

    monkeypatch.setattr(chain, "send", unsent)
    with pytest.raises(TransactionLost):
        market.commit(chain, ann, number, OTHERS, folder=folder)
    monkeypatch.setattr(chain, "send", sent)
    assert len(list(folder.iterdir())) == 2
    assert market.commit(chain, ann, number, OTHERS, folder=folder) == 2
    assert len(list(folder.iterdir())) == 2


def test_a_refusal_takes_no_opening_that_is_needed(
    deployed: Deployed, terms: SearchTerms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the opening of another market used here: nothing could be revealed with it."""
    chain, ann, folder = deployed.chain, deployed["ann"], tmp_path / "candidates"
    number, _ = market.post(chain, deployed["buyer"], terms)
    foreign = market.Opening("ab" * 32, ann.address, number, SETTINGS.hex(), "cd" * 32).save(folder)
    sent, refusal = chain.send, [TransactionLost("no receipt"), ContractRefused("refused", error="WrongStatus")]

    def fails(account, call, **more):
        if "commit" in call.name:
            raise refusal.pop(0)
        return sent(account, call, **more)

    monkeypatch.setattr(chain, "send", fails)
    with pytest.raises(TransactionLost):
        market.commit(chain, ann, number, SETTINGS, folder=folder)
    (kept,) = set(folder.iterdir()) - {foreign}
    with pytest.raises(ContractRefused):
        market.commit(chain, ann, number, SETTINGS, folder=folder)
    assert kept.exists()

    # Both are included in the end, and both can be revealed.
    monkeypatch.setattr(chain, "send", sent)
    chain.send(ann, chain.token.approve(chain.searches.address, 2 * BOND))
    for _ in range(2):
        chain.send(ann, chain.searches.commit(number, bytes.fromhex(kept.stem)))
    assert market.commit(chain, ann, number, SETTINGS, folder=folder) == 1
    listed(deployed, "cyd", "author")
    until(deployed, terms.commit_by + 1)
    recorded(deployed, terms.window, {"cyd": RIGHT, "author": RIGHT}, tmp_path / "recordings")
    assert market.reveal(chain, ann, number, folder) == [1, 2]


def test_what_is_not_revealed_is_burned_and_without_a_score_the_reward_comes_back(
    deployed: Deployed, index: Callable[[], Engine], terms: SearchTerms, tmp_path: Path
) -> None:
    chain = deployed.chain
    number, _ = market.post(chain, deployed["buyer"], terms)
    for name in ("ann", "bob"):
        market.commit(chain, deployed[name], number, SETTINGS, folder=tmp_path)
    listed(deployed, "cyd", "author")
    recorded(deployed, terms.window, {"cyd": RIGHT, "author": RIGHT}, tmp_path / "recordings")
    index()

    assert market.reveal(chain, deployed["ann"], number, tmp_path) == [1]
    assert market.reveal(chain, deployed["ann"], number, tmp_path) == [1]
    assert market.revealed(chain, number) == {1: SETTINGS}
    assert owed(deployed, "ann") == BOND
    with pytest.raises(BadInput, match=r"has no candidate of .* whose opening is in"):
        market.reveal(chain, deployed["cyd"], number, tmp_path)
    with pytest.raises(BadInput, match="search 1 is revealing"):
        market.settle(chain, deployed["cyd"], number)
    until(deployed, chain.searches.search(number).deadline + 1)
    with pytest.raises(BadInput, match="is scoring: candidates are revealed before that"):
        market.reveal(chain, deployed["bob"], number, tmp_path)
    with pytest.raises(BadInput, match="search 1 is scoring"):
        market.settle(chain, deployed["cyd"], number)
    until(deployed, chain.searches.search(number).deadline + 1)
    assert market.settle(chain, deployed["cyd"], number) == ["expired"]
    assert market.failure_of(chain, number) == "no score"
    assert (owed(deployed, "buyer"), owed(deployed, "bob")) == (REWARD, 0)
    assert chain.searches.candidate(number, 2).status == CandidateStatus.COMMITTED
    index()


def test_a_search_that_nobody_solves_ends_at_once(
    deployed: Deployed, index: Callable[[], Engine], terms: SearchTerms
) -> None:
    chain = deployed.chain
    number, _ = market.post(chain, deployed["buyer"], terms)
    until(deployed, terms.commit_by + 1)
    assert market.settle(chain, deployed["cyd"], number) == ["expired"]
    assert (market.failure_of(chain, number), owed(deployed, "buyer")) == ("no candidate", REWARD)
    index()


def test_what_a_requester_or_a_solver_cannot_do_is_told(deployed: Deployed, terms: SearchTerms, tmp_path: Path) -> None:
    chain, poor = deployed.chain, deployed["cyd"]
    chain.send(poor, chain.token.transfer(deployed["ann"].address, chain.token.balance_of(poor.address)))
    with pytest.raises(BadInput, match=r"holds 0.00, the reward costs 50.00; fund it first"):
        market.post(chain, poor, terms)
    number, _ = market.post(chain, deployed["buyer"], terms)
    with pytest.raises(BadInput, match=r"holds 0.00, the bond costs 2.00; fund it first"):
        market.commit(chain, poor, number, SETTINGS, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInput, match="there is no search 2; searches here are 1 to 1"):
        market.search_of(chain, 2)
    chain.send(deployed["deployer"], chain.searches.pause())
    with pytest.raises(BadInput, match="no searches are taken now"):
        market.post(chain, deployed["buyer"], replace(terms, reward=2 * REWARD))
    assert market.search_of(chain, number).status == SearchStatus.OPEN


def test_who_may_record_and_when(deployed: Deployed, terms: SearchTerms, tmp_path: Path) -> None:
    chain, window = deployed.chain, terms.window
    ann = deployed["ann"]
    with pytest.raises(BadInput, match="is no recorder"):
        registry.commit(chain, ann, window, RIGHT, tmp_path)
    chain.send(deployed["deployer"], chain.windows.list_recorder(ann.address, listed=True))
    with pytest.raises(BadInput, match=r"has 0.00 of its bond free, and each window ties 100.00"):
        registry.commit(chain, ann, window, RIGHT, tmp_path)
    registry.deposit(chain, ann, LOCK)
    with pytest.raises(BadInput, match=r"the window ends in \d+ s"):
        registry.commit(chain, ann, window, RIGHT, tmp_path)
    assert list(tmp_path.iterdir()) == []
    until(deployed, window.end)
    assert registry.commit(chain, ann, window, RIGHT, tmp_path) is not None
    assert registry.commit(chain, ann, window, RIGHT, tmp_path) is None
    with pytest.raises(BadInput, match="give the same feed"):
        registry.commit(chain, ann, window, WRONG, tmp_path)
    with pytest.raises(BadInput, match=r"has 0.00 of its bond free: 100.00 cannot be withdrawn now"):
        registry.withdraw(chain, ann, LOCK)
    until(deployed, window.end + chain.windows.rules().commit + 1)
    listed(deployed, "bob")
    with pytest.raises(BadInput, match="the window is revealing: it takes no more commits"):
        registry.commit(chain, deployed["bob"], window, RIGHT, tmp_path)
    with pytest.raises(BadInput, match="no recording of 0x"):
        registry.reveal(chain, deployed["bob"], chain.windows.key_of(window), tmp_path)
    assert registry.recorders(chain) == [ann.address, deployed["bob"].address]


def test_who_says_otherwise_loses_its_lock(
    deployed: Deployed,
    index: Callable[[], Engine],
    terms: SearchTerms,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = deployed.chain
    listed(deployed, "ann", "bob", "cyd")
    key = recorded(deployed, terms.window, {"ann": RIGHT, "bob": WRONG, "cyd": RIGHT}, tmp_path)
    assert registry.window_of(chain, key).table == RIGHT
    assert list(registry.opened(chain).values()) == [terms.window]
    index()
    assert registry.closable(chain, key)
    assert registry.close(chain, deployed["author"], key) is not None
    assert registry.close(chain, deployed["author"], key) is None
    monkeypatch.setattr(registry, "closable", lambda chain, key: True)  # as two recorders see it at once
    assert registry.close(chain, deployed["author"], key) is None
    assert [chain.windows.recorder(deployed[name].address).free for name in ("ann", "bob", "cyd")] == [
        2 * LOCK,
        LOCK,
        2 * LOCK,
    ]
    registry.withdraw(chain, deployed["bob"], LOCK)
    assert owed(deployed, "bob") == LOCK
    with Session(index()) as session:
        assert session.get_one(tables.Recorder, deployed["bob"].address).lost == LOCK
    assert _kept(chain, deployed["ann"].address, key, tmp_path) == RIGHT.digest.hex()


def _kept(chain: Chain, account: str, key: bytes, folder: Path) -> str:
    kept = registry.committed(chain, account, key, folder)
    assert kept is not None
    return kept.digest
