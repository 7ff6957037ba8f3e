"""Journey 3, with the trivial search: candidates are committed, the window comes, the best on it is paid."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from fusion.chain.anvil import ROOT
from fusion.chain.deployment import MUSD
from fusion.content.bundle import Bundle
from fusion.content.store import BlockStore
from fusion.market import payout
from fusion.market.publish import publish
from tests.e2e.court import PATIENCE, RECORDERS, Court

pytestmark = pytest.mark.e2e

SOLVERS = ("you", "carol")
REWARD, BOND, FEE, RUN_PRICE = 50 * MUSD, 2 * MUSD, 300_000, 1 * MUSD
LOCK = 100 * MUSD  # of a recorder, for each window
ROYALTY = 200_000  # parts per million that the scorer pays its upstream
NET = 975  # of a thousand: what the protocolFee leaves
OPENS, LASTS = 3_000, 60  # seconds of chain time from the post, and of the window
SPACE = ("--vary", "span=2:80:log", "--vary", "band=0.0:0.8", "--trials", "6", "--workers", "1")


@pytest.fixture(scope="module")
def scorer(court: Court) -> int:
    """The first-party scorer, of ada's, built on what uma wrote."""
    store = BlockStore(court.fusion.home / "content")
    for name in ("ema", "order_book_imbalance", "microprice_signal"):
        bundle = Bundle.load(ROOT / "modules" / name)
        publish(court.chain, court.keys["uma"], bundle, store, min_royalty_ppm=0, shares={}, royalties={})
    folder = str(ROOT / "modules" / "microprice_score")
    royalty = ("--royalty", f"microprice_signal={ROYALTY // 10_000}%")
    return int(court.fusion.json("module", "publish", folder, "--as", "ada", *royalty)["version"])


@pytest.fixture
def together(court: Court) -> Iterator[Callable[[list[list[str]]], list[Any]]]:
    """Runs several commands side by side; what each printed."""
    with ExitStack() as stack:

        def run(commands: list[list[str]]) -> list[Any]:
            running = [stack.enter_context(court.fusion.start(*command, "--json")) for command in commands]
            for each in running:
                stack.callback(each.kill)
            return [_said(each) for each in running]

        yield run


def _said(process: "subprocess.Popen[str]") -> Any:
    said, complained = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, complained
    return json.loads(said.splitlines()[-1])


def test_the_best_on_data_yet_to_come_is_paid(
    court: Court, scorer: int, together: Callable[[list[list[str]]], list[Any]]
) -> None:
    fusion, chain = court.fusion, court.chain
    offer = str(fusion.json("module", "offer", str(scorer), "--as", "ada", "--per-run", "1")["offer"])
    payout.settle(chain, court.keys["ada"], scorer)
    signal = scorer - 1
    before = {name: court.wealth(name) for name in (*SOLVERS, *RECORDERS, "rita")}
    income = chain.ledger.received(signal, chain.token.address)

    # Rita asks. You and carol search different spaces of the same training data, and commit to what they find.
    posted = fusion.json(
        "collider", "post", str(scorer), "--as", "rita", "--reward", "50", "--bond", "2",
        "--opens", f"{OPENS}s", "--lasts", f"{LASTS}s", "--fuel", "20000000000",
    )  # fmt: skip
    number, start = str(posted["search"]), posted["start"]
    search = ["collider", "solve", number, "--feed", "simulated:5", *SPACE]
    found = together([[*search, "--as", name, "--seed", str(seed)] for seed, name in enumerate(SOLVERS)])
    again = fusion.json(*search, "--as", "you", "--seed", "0")
    assert again == found[0] | {"remembered": again["trials"]}  # nothing is run, or committed to, twice
    assert found[0]["settings"] != found[1]["settings"]
    shown = fusion.json("collider", "show", number)
    assert (shown["status"], [each["status"] for each in shown["candidates"]]) == ("open", ["committed"] * 2)
    assert {each["settings"] for each in shown["candidates"]} == {None}
    assert court.wealth("you") == before["you"] - BOND

    # The window comes, and its recorders say the same of it.
    court.anvil.advance(start + LASTS - chain.now())
    for name in RECORDERS:
        fusion.json("window", "bond", "150", "--as", name)
    record = ["window", "record", "--search", number, "--feed", f"simulated:9@{start}"]
    tables = {each["table"] for each in together([[*record, "--as", name] for name in RECORDERS])}
    assert tables == {fusion.json("window", "list")[0]["table"]}
    assert all(chain.windows.recorder(court.keys[name].address).locked == 0 for name in RECORDERS)

    # What was committed to is revealed, run by operators, and compared.
    together([["collider", "reveal", number, "--as", name] for name in SOLVERS])
    assert court.wealth(*SOLVERS) == before["you"] + before["carol"]
    jobs = chain.jobs.job_count()
    with ExitStack() as stack:
        command = ["collider", "score", number, "--per-run", offer, "--json"]
        running = [stack.enter_context(fusion.start(*command, "--as", name)) for name in SOLVERS]
        for process in running:
            stack.callback(process.kill)
        court.until(lambda: chain.jobs.job_count() == jobs + 2 or any(each.poll() for each in running))
        assert chain.jobs.job_count() == jobs + 2, [each.communicate() for each in running if each.poll()]
        for job in (jobs + 1, jobs + 2):
            court.behave(job)
        for job in (jobs + 1, jobs + 2):
            court.final(job)
        scored = [_said(process)[0] for process in running]
    shown = fusion.json("collider", "show", number)
    assert {each["candidate"]: each["score"] for each in shown["candidates"]} == {
        each["candidate"]: each["score"] for each in scored
    }
    assert {each["solver"]: each["settings"] for each in shown["candidates"]} == {
        court.keys[name].address: each["settings"] for name, each in zip(SOLVERS, found, strict=True)
    }
    first, second = sorted(scored, key=lambda each: -each["score"])
    assert first["score"] > second["score"]

    # The best is paid, the reward is claimed, and the scorer's upstream has earned.
    settled = fusion.json("collider", "settle", number, "--as", "rita")
    winner = SOLVERS[scored.index(first)]
    assert (settled["status"], settled["best"]) == ("final", first["candidate"])
    assert (settled["solver"], settled["reward"]) == (court.keys[winner].address, REWARD)
    for name in SOLVERS:
        paid = REWARD if name == winner else 0
        assert court.wealth(name) == before[name] + paid - FEE - RUN_PRICE
    assert court.wealth("rita") == before["rita"] - REWARD
    assert {court.wealth(name) + LOCK * 3 // 2 for name in RECORDERS} == {before[RECORDERS[0]]}

    payout.settle(chain, court.keys["ada"], scorer)
    earned = chain.ledger.received(signal, chain.token.address) - income
    assert earned == 2 * RUN_PRICE * NET // 1_000 * ROYALTY // 1_000_000
    assert fusion.json("revenue", "claim", "--as", "uma")["claimed"] == earned


def test_what_cannot_be_searched_is_refused(court: Court, scorer: int) -> None:
    def refusal(*arguments: str) -> str:
        done = court.fusion("collider", *arguments)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    post = ("post", str(scorer), "--as", "rita", "--reward", "50", "--lasts", "60s")
    ema = ("post", str(scorer - 3), *post[2:], "--opens", "1h")
    assert "a scorer returns a NamedTuple of one field, score: float" in refusal(*ema)
    assert "let --commit-by lie between now" in refusal(*post, "--opens", "1h", "--commit-by", "2h")
    assert "there is no search 99" in refusal("solve", "99", "--as", "you", "--vary", "span=2:9")
