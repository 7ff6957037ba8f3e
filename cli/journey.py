"""The main journey: three authors publish, a user buys and runs, operators attest, everyone claims what they earned.

Each step looks at the chain first, so that a journey that was cut off is walked on from where it stopped.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from cli.jobs import telling
from cli.output import Progress
from cli.session import Session
from fusion.chain.account import Account
from fusion.chain.anvil import ROOT
from fusion.chain.bindings.job_market import Assigned, Committed, Finalized, Proposed, Revealed
from fusion.chain.bindings.license_market import OfferSet
from fusion.chain.bindings.revenue_ledger import AccountCredited, Claimed, Credited
from fusion.chain.bindings.types import Offer, OutcomeKind, Sells, Status
from fusion.chain.client import Receipt
from fusion.chain.contract import Event
from fusion.chain.deployment import MUSD
from fusion.content.bundle import Bundle
from fusion.errors import FusionError, Retryable
from fusion.market import payout, trade
from fusion.market.publish import Publication, publish
from node import request
from node.inputs import add_inputs, feed_table, port_columns
from node.spec import JobSpec

MODULES = ROOT / "modules"
LISTINGS = (("ema", "ada", 100_000), ("order_book_imbalance", "ben", 150_000), ("microprice_signal", "cleo", 0))
ACTS: dict[str, type[Event]] = {
    "assign": Assigned,
    "commit": Committed,
    "reveal": Revealed,
    "tally": Proposed,
    "finalize": Finalized,
}
PRICE = 25 * MUSD
JOB_FEE = 300_000
SEATS, QUORUM = 3, 2
JOB_TIMEOUT = 180.0  # seconds
CLAIM_TIMEOUT = 60.0
INDEX_TIMEOUT = 30.0


@dataclass
class Journey:
    """One walk. `gas` is what each verb used, the dearest of its calls; `seconds` what each step took."""

    session: Session
    gas: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def walk(self, report: Progress) -> dict[str, object]:
        """Walks the journey and returns what there is to tell of it; FusionError where it does not end as it should."""
        chain, deployment = self.session.chain, self.session.deployment
        token = chain.token.address
        you = self.session.account("you")
        authors = {name: self.session.account(name) for _, name, _ in LISTINGS}
        started = chain.head().number

        report("publish three modules", 0.05)
        with self._timed("publish"):
            published = self._publish(authors)
        signal = published["microprice_signal"]
        report("offer", 0.2)
        with self._timed("offer"):
            offer = self._offer(authors["cleo"], signal.version_id)
        payout.settle(chain, you, signal.version_id)  # what an earlier walk may have left is not this walk's
        before = self._earned(authors)
        report("buy a license", 0.3)
        with self._timed("purchase"):
            bought = trade.buy(chain, you, offer, max_price=PRICE)
            self._note("purchase", bought.receipt)
        report("run on the operators", 0.4)
        with self._timed("run"):
            job_id, answer = self._run(you, signal, bought.license_id, report)
        report("settle", 0.8)
        with self._timed("settle"):
            for receipt in payout.settle(chain, you, signal.version_id):
                self._note("settle", receipt)
        credited = self._credited(authors, before, job_id)
        report("claim", 0.9)
        with self._timed("claim"):
            claimed = self._claim(authors, credited, started)
        report("index", 0.97)
        with self._timed("index"):
            self._await_index()
        return {
            "module_id": signal.module_id,
            "version_id": signal.version_id,
            "cid": str(signal.cid),
            "purchase_tx": bought.receipt.tx_hash,
            "job_id": job_id,
            "rpc": self.session.settings.rpc,
            "graphql": f"{self.session.settings.api_url}/graphql",
            "contracts": dict(deployment.contracts),
            "token": token,
            "results": answer.hashes,
            "paid": bought.price + JOB_FEE,
            "protocol_fee": sum(event.protocol_fee for event in bought.receipt.events if isinstance(event, Credited)),
            "credited": credited,
            "claimed": claimed,
            "gas": self.gas,
            "seconds": self.seconds,
        }

    def _publish(self, authors: dict[str, Account]) -> dict[str, Publication]:
        published = {}
        for name, author, minimum in LISTINGS:
            bundle = Bundle.load(MODULES / name)
            done = publish(self.session.chain, authors[author], bundle, self.session.store, min_royalty_ppm=minimum)
            for receipt, verb in zip(reversed(done.receipts), ("publish", "register"), strict=False):
                self._note(verb, receipt)
            published[name] = done
        return published

    def _offer(self, author: Account, version: int) -> int:
        chain = self.session.chain
        for made in chain.find(OfferSet, version=version):
            terms = chain.market.offer(made.offer_id)
            if terms == self._terms(version):
                return made.offer_id
        offer, receipt = trade.set_offer(chain, author, self._terms(version))
        self._note("offer", receipt)
        return offer

    def _terms(self, version: int) -> Offer:
        """What the journey's offer says: a license for ever, and nothing else."""
        return Offer(self.session.chain.token.address, version, 0, PRICE, 0, 0, 0, 0, Sells.LICENSES)

    def _run(self, you: Account, signal: Publication, license_id: int, report: Progress) -> tuple[int, request.Answer]:
        chain, store = self.session.chain, self.session.store
        ports = Bundle.load(MODULES / "microprice_signal").manifest.inputs
        inputs = add_inputs(store, port_columns(feed_table(self.session.settings.feed), ports, {}))
        spec = JobSpec(signal.version_id, inputs, image=self.session.image.id)
        posted = request.post(chain, you, spec, fee=JOB_FEE, n=SEATS, k=QUORUM, license_id=license_id)
        for receipt, verb in zip(reversed(posted.receipts), ("post", "approve"), strict=False):
            self._note(verb, receipt)

        moved = telling(lambda stage, share: report(f"job {posted.job_id} is {stage}", 0.4 + 0.4 * share))
        answer = request.wait(chain, posted.job_id, timeout=JOB_TIMEOUT, moved=moved)
        if answer.job.status != Status.FINAL or answer.job.kind != OutcomeKind.RESULT:
            raise FusionError(
                f"job {posted.job_id} ended as {answer.job.status.name} {answer.job.kind.name}, not with a result; "
                f"see the operators' logs in {self.session.settings.home / 'logs'}"
            )
        for verb, kind in ACTS.items():
            for event in chain.find(kind, job_id=posted.job_id):
                self._note(verb, self._receipt(event.log.tx_hash))
        return posted.job_id, answer

    def _earned(self, authors: dict[str, Account]) -> dict[str, int]:
        """All that each author was ever credited: claimed, and claimable."""
        chain = self.session.chain
        claimed: dict[str, int] = defaultdict(int)
        for event in chain.find(Claimed):
            claimed[event.account] += event.amount
        return {
            each.address: claimed[each.address] + chain.ledger.claimable(each.address, chain.token.address)
            for each in authors.values()
        }

    def _credited(self, authors: dict[str, Account], before: dict[str, int], job_id: int) -> dict[str, int]:
        """What this walk credited: the license to authors through the revenue tables, the jobFee to operators."""
        chain = self.session.chain
        credited = {account: earned - before[account] for account, earned in self._earned(authors).items()}
        (finalized,) = chain.find(Finalized, job_id=job_id)
        for event in self._receipt(finalized.log.tx_hash).events:
            if isinstance(event, AccountCredited):
                credited[event.account] = credited.get(event.account, 0) + event.amount
        return credited

    def _claim(self, authors: dict[str, Account], credited: dict[str, int], started: int) -> dict[str, int]:
        """Authors claim, operators have claimed or do so soon; what each was paid since block `started`."""
        chain = self.session.chain
        with ThreadPoolExecutor(len(authors)) as pool:
            for paid in pool.map(lambda author: payout.claim(chain, author), authors.values()):
                if paid.receipt is not None:
                    self._note("claim", paid.receipt)
        deadline = time.monotonic() + CLAIM_TIMEOUT
        while True:
            claimed: dict[str, int] = defaultdict(int)
            for event in chain.find(Claimed):
                if event.log.block_number > started and event.account in credited:
                    claimed[event.account] += event.amount
            if claimed.keys() == credited.keys():
                return dict(claimed)
            if time.monotonic() > deadline:
                missing = ", ".join(sorted(credited.keys() - claimed.keys()))
                raise Retryable(f"not all have claimed after {CLAIM_TIMEOUT:.0f} s: {missing}")
            time.sleep(0.25)

    def _await_index(self) -> None:
        """Returns once the index has taken in the present head."""
        head = self.session.chain.head().number
        url = f"{self.session.settings.api_url}/graphql"
        deadline = time.monotonic() + INDEX_TIMEOUT
        while time.monotonic() < deadline:
            try:
                reply = httpx.post(url, json={"query": "{ _meta { block { number } } }"}, timeout=5.0).json()
                if reply["data"]["_meta"]["block"]["number"] >= head:
                    return
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                pass  # it starts, or is busy: asked again until the time is over
            time.sleep(0.2)
        raise Retryable(f"the index at {url} has not reached block {head} after {INDEX_TIMEOUT:.0f} s")

    def _receipt(self, tx_hash: str) -> Receipt:
        receipt = self.session.chain.receipt(tx_hash)
        if receipt is None:
            raise Retryable(f"the chain went back and lost transaction {tx_hash}; walk the journey again")
        return receipt

    def _note(self, verb: str, receipt: Receipt) -> None:
        self.gas[verb] = max(self.gas.get(verb, 0), receipt.gas_used)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[step] = round(time.monotonic() - began, 3)
