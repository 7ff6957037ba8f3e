"""A sponsor: posts canaries by itself, now and then, from accounts that nobody has seen before.

A canary is made, committed to, funded, posted, opened and swept. How far it is, is written down, and what was done of a
step is read from the chain, so that a sponsor that was killed goes on where it was. Only one that computes as operators
do is of use: one that a panel overrules begins no more.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from fusion import log
from fusion.chain import account as accounts
from fusion.chain.account import Account
from fusion.chain.bindings.assurance_pool import CanaryCommitted, CanaryOpened
from fusion.chain.bindings.job_market import Posted
from fusion.chain.bindings.types import Job, Status
from fusion.chain.client import Chain
from fusion.errors import ContractRefused, Retryable
from fusion.market import assurance, payout, trade
from fusion.money import show
from node import request
from node.digest import keccak
from node.plans import OVERRULED, Plan, Plans, Stage
from node.spec import JobSpec

GAS = 1_500_000  # that one canary takes of ether, from allowing its fee to sending back what is left
DUST_GAS = 250_000  # whose price is left behind: sending less back would cost more
PATIENCE = 7 * 86_400  # seconds of chain time in which a right answer may be paid back
FOLDER = "sponsor"  # below that of the canaries

Prepare = Callable[[int], tuple[JobSpec, bytes]]
"""A job with that seed, and the hash of its outcome, which this machine has found twice."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Money in base units.

    Attributes:
        every: seconds of chain time between two canaries, on average.
        budget: tokens that may be given to canaries beyond what they gave back.
        offer: pays for the run, or for a license where it sells no runs.
        fee, n, k, assurance_ppm: as a job's.
    """

    every: int
    budget: int
    offer: int
    fee: int
    n: int = 3
    k: int = 2
    assurance_ppm: int = 0


class Sponsor:
    """One.

    Args:
        funder: gives the accounts what they need, and has back what they leave.
        committer: sends the commitments; another account than the funder's hides whose jobs are canaries.
        folder: where canaries are kept; accounts and plans lie below it.
    """

    def __init__(
        self, chain: Chain, *, funder: Account, committer: Account, folder: Path, terms: Terms, prepare: Prepare
    ) -> None:
        self.plans = Plans(folder / FOLDER)
        self._chain = chain
        self._funder = funder
        self._committer = committer
        self._canaries = folder
        self._keys = folder / FOLDER / "keys"
        self._terms = terms
        self._prepare = prepare
        self._said: set[tuple[str, str]] = set()
        self._log = log.get(funder=funder.address)

    def step(self) -> list[Plan]:
        """Does for each canary what is due, and begins another when it is time; returns those that ended.

        Raises:
            Retryable: the chain is away.
            BadInput: it can go on with none: too little ether, no such offer, a file that is damaged.
        """
        ended = []
        for before in self.plans.all():
            plan, after = before, self._tried(before)
            while after != plan:
                plan = after
                self.plans.save(plan)
                self._told(plan).info("canary", stage=plan.stage.value, ending=plan.ending)
                after = self._tried(plan)
            if plan.ending and not before.ending:
                ended.append(plan)
        self._begin()
        return ended

    def _tried(self, plan: Plan) -> Plan:
        """The plan one step on; as it was where nothing is due, or it fails for now."""
        try:
            match plan.stage:
                case Stage.MADE:
                    return self._committed(plan)
                case Stage.COMMITTED:
                    return self._posted(plan)
                case Stage.POSTED:
                    return self._answered(plan)
                case Stage.ENDED:
                    return self._swept(plan)
                case _:
                    return plan
        except (ContractRefused, Retryable) as error:
            self._say(plan.name, "a canary waits", canary=plan.name, stage=plan.stage.value, error=str(error))
            return plan

    # Beginning

    def _begin(self) -> None:
        now = self._chain.now()
        if now < self.plans.due:
            return
        overruled = [plan.name for plan in self.plans.all() if plan.ending == OVERRULED]
        if overruled:
            self._say(overruled[0], "BEGINS NO MORE: this machine computes differently", canaries=overruled)
            return
        cost = self._cost()
        if self.plans.spent() + cost > self._terms.budget:
            self._say("", "begins no canary: it would cost more than may be spent", cost=show(cost))
            return
        self._said.discard(("", "begins no canary: it would cost more than may be spent"))
        spec, outcome = self._prepare(secrets.randbelow(2**31))
        name = f"canary-{secrets.token_hex(6)}"
        requester = accounts.create(self._keys, name).address
        self.plans.save(Plan(name, requester, spec.encode().hex(), outcome.hex()))
        # Nobody is to tell a canary by its time.
        self.plans.due = now + self._terms.every // 2 + secrets.randbelow(self._terms.every + 1)

    def _cost(self) -> int:
        """What a canary is given, in tokens."""
        offer = trade.offer(self._chain, self._terms.offer)
        return self._terms.fee + (offer.per_run_price if trade.sells_runs(offer) else offer.price)

    # Step by step

    def _committed(self, plan: Plan) -> Plan:
        chain = self._chain
        mine = [each for each in assurance.kept(self._canaries) if each.requester == plan.requester]
        if not any(chain.find(CanaryCommitted, commitment=bytes.fromhex(each.commitment)) for each in mine):
            spec_hash, outcome = keccak(bytes.fromhex(plan.spec)), bytes.fromhex(plan.outcome)
            assurance.commit_canary(
                chain, self._committer, plan.requester, spec_hash, outcome_hash=outcome, folder=self._canaries
            )
        return replace(plan, stage=Stage.COMMITTED, put_in=self._cost())

    def _posted(self, plan: Plan) -> Plan:
        """Gives the account what it needs, and posts the job, but for what a process before has done of it."""
        chain, terms, me = self._chain, self._terms, self._account(plan)
        there = chain.find(Posted, requester=me.address)
        if not there:
            spec, offer = JobSpec.decode(bytes.fromhex(plan.spec)), trade.offer(chain, terms.offer)
            by_run = trade.sells_runs(offer)
            license_id = 0 if by_run else trade.valid_license(chain, me.address, spec.version) or 0
            price = offer.per_run_price if by_run else 0 if license_id else offer.price
            self._fund(me, terms.fee + price)
            if not by_run and not license_id:
                license_id = trade.buy(chain, me, terms.offer).license_id
            job_id = request.post(
                chain,
                me,
                spec,
                fee=terms.fee,
                n=terms.n,
                k=terms.k,
                license_id=license_id,
                offer_id=terms.offer if by_run else 0,
                max_run_price=price if by_run else 0,
                assurance_ppm=terms.assurance_ppm,
            ).job_id
        else:
            job_id = there[-1].job_id
        return replace(plan, stage=Stage.POSTED, job_id=job_id, posted=chain.now())

    def _fund(self, me: Account, tokens: int) -> None:
        chain, price = self._chain, self._chain.gas_price()
        if chain.balance(me.address) < GAS * price // 2:
            chain.give(self._funder, me.address, GAS * price)
        missing = tokens - chain.token.balance_of(me.address)
        if missing > 0:
            trade.check_funds(chain, self._funder.address, missing, "a canary")
            chain.send(self._funder, chain.token.transfer(me.address, missing))

    def _answered(self, plan: Plan) -> Plan:
        """Opens it: a wrong answer while it may be disputed, a right one until it is paid back."""
        chain, job = self._chain, self._chain.jobs.job(plan.job_id)
        right = job.outcome_hash == bytes.fromhex(plan.outcome)
        opened = chain.find(CanaryOpened, requester=plan.requester)
        if job.status is Status.PROPOSED and not right and not opened:
            self._open(plan)
            self._told(plan).warning("a canary was answered wrongly: a panel is called", job=plan.job_id)
        if job.status not in request.ENDED:
            return plan
        ending = self._ending(plan, job, right=right, opened=opened)
        return replace(plan, stage=Stage.ENDED, ending=ending) if ending else plan

    def _ending(self, plan: Plan, job: Job, *, right: bool, opened: list[CanaryOpened]) -> str:
        """How it ended; empty while it may be paid back."""
        if job.status is Status.FAILED:
            return "the job failed"
        disputed = any(not each.right for each in opened)
        if not right:
            self._told(plan).error("operators do not compute what this machine computes", job=plan.job_id)
            return OVERRULED if disputed else "wrong, and not disputed in time"
        if disputed:
            return "wrong, and put right by a panel"
        try:
            paid = opened[0].paid_back if opened else self._open(plan)
        except Retryable:  # once in so many assured jobs
            return "right" if self._chain.now() > plan.posted + PATIENCE else ""
        return f"right, {show(paid)} paid back"

    def _open(self, plan: Plan) -> int:
        """What is paid back, base units."""
        canaries = assurance.kept(self._canaries)
        opened, _ = assurance.open_canary(self._chain, self._account(plan), plan.job_id, canaries)
        return opened.paid_back

    def _swept(self, plan: Plan) -> Plan:
        """Has the funder have back what is left."""
        chain, me, back = self._chain, self._account(plan), self._funder.address
        returned = payout.claim(chain, me, to=back).amount
        left = chain.token.balance_of(me.address)
        if left:
            chain.send(me, chain.token.transfer(back, left))
        dust = DUST_GAS * chain.gas_price()
        ether = chain.balance(me.address)
        if ether > 2 * dust:
            chain.give(me, back, ether - dust)
        return replace(plan, stage=Stage.SWEPT, returned=plan.returned + returned + left)

    def _account(self, plan: Plan) -> Account:
        return accounts.load(self._keys, plan.name)

    def _say(self, about: str, what: str, **values: object) -> None:
        """A warning, once."""
        if (about, what) not in self._said:
            self._said.add((about, what))
            self._log.warning(what, **values)

    def _told(self, plan: Plan) -> FilteringBoundLogger:
        return self._log.bind(canary=plan.name, requester=plan.requester)
