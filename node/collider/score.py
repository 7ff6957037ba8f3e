"""Scoring candidates: a job for each on the recorded window, and its final score registered with the search."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Posted
from fusion.chain.bindings.types import Candidate, CandidateStatus, Job, OutcomeKind, Search, SearchStatus, Status
from fusion.chain.client import Chain
from fusion.chain.words import word, words
from fusion.content.cid import Cid
from fusion.errors import BadInput, FusionError, Retryable
from fusion.market import search as market
from fusion.market import trade
from node import request
from node.collider.template import Template

POLL = 0.25  # seconds
_SCORABLE = (SearchStatus.REVEALING, SearchStatus.SCORING)


@dataclass(frozen=True)
class Payment:
    """How a scoring job is paid and waited for.

    Attributes:
        offer_id: whose price is paid for the run; None uses a license of the account.
        timeout: seconds of wall time to wait.
    """

    offer_id: int | None
    timeout: float


@dataclass(frozen=True)
class Scored:
    """A candidate's score, and the job that found it."""

    candidate_id: int
    job_id: int
    score: float


def score(
    chain: Chain, account: Account, search_id: int, candidate_id: int, *, how: Payment, moved: Callable[[Job], None]
) -> Scored:
    """Has a revealed candidate scored, and registers the score once reveals are over.

    A job of the same spec and terms that somebody posted already is waited for instead of posting another.

    Args:
        moved: is called with the job as it goes on.

    Raises:
        BadInput: there is no such candidate to score now, or the account has no right to run the scorer.
        FusionError: the job failed, or ended without a score.
        Retryable: it takes longer than there is time; ask again to go on with it.
    """
    end = time.monotonic() + how.timeout
    found = market.search_of(chain, search_id)
    candidate = chain.searches.candidate(search_id, candidate_id)
    if candidate.status != CandidateStatus.REVEALED or found.status not in _SCORABLE:
        raise BadInput(
            f"candidate {candidate_id} is {words(candidate.status)} and search {search_id} is {words(found.status)}: "
            "candidates are scored from their reveal on until the search ends"
        )
    job_id = _job_of(chain, found, candidate)
    if job_id is None:
        job_id = _post(chain, account, search_id, candidate_id, how.offer_id)
    answer = request.wait(chain, job_id, timeout=how.timeout, moved=moved)
    if answer.job.status == Status.FAILED:
        raise FusionError(f"job {job_id} of candidate {candidate_id} failed: see `fusion job show {job_id}`")
    if answer.job.kind != OutcomeKind.RESULT:
        raise FusionError(f"job {job_id} of candidate {candidate_id} ended with a {word(answer.job.kind)}: no score")
    while market.search_of(chain, search_id).status == SearchStatus.REVEALING:
        if time.monotonic() >= end:
            raise Retryable(
                f"search {search_id} still waits for reveals: ask again to register the score of job {job_id}"
            )
        time.sleep(POLL)
    found_score = market.score(chain, account, search_id, candidate_id, job_id=job_id, document=answer.document)
    return Scored(candidate_id, job_id, found_score)


def _job_of(chain: Chain, found: Search, candidate: Candidate) -> int | None:
    """The newest job that scores a candidate and has not failed, whoever posted it."""
    for posted in reversed(chain.find(Posted, version=found.version)):
        terms = posted.terms
        fits = (terms.n, terms.k, terms.fuel) == (found.n, found.k, found.fuel)
        enough = terms.fee >= found.fee and terms.assurance_ppm >= found.assurance_ppm
        if not (fits and enough and posted.spec_hash == candidate.spec_hash):
            continue
        if chain.jobs.job(posted.job_id).status != Status.FAILED:
            return posted.job_id
    return None


def _post(chain: Chain, account: Account, search_id: int, candidate_id: int, offer_id: int | None) -> int:
    terms = market.terms_of(chain, search_id)
    _, digest, _ = chain.windows.window_of(chain.windows.key_of(terms.window))
    candidate = market.revealed(chain, search_id).get(candidate_id)
    if candidate is None:
        raise Retryable(f"the endpoint gives no log of the reveal of candidate {candidate_id}; it may be behind")
    spec = Template(terms.template).spec(Cid.directory(digest), candidate)
    license_id = trade.valid_license(chain, account.address, terms.version) if offer_id is None else None
    if offer_id is None and license_id is None:
        raise BadInput(
            f"no license: {account.address} holds none that is valid for the scorer, version {terms.version}; "
            "buy one with `fusion license buy`, or pay for one run with --per-run OFFER"
        )
    posted = request.post(
        chain, account, spec, fee=terms.fee, n=terms.n, k=terms.k, license_id=license_id or 0, offer_id=offer_id or 0,
        max_run_price=0 if offer_id is None else trade.offer(chain, offer_id).per_run_price,
        assurance_ppm=terms.assurance_ppm,
    )  # fmt: skip
    return posted.job_id
