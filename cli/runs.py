"""Ordering a run of a version: what is checked before a job is posted, and its spec."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cli.bundles import fetched, known_content
from cli.jobs import telling
from cli.output import Progress
from cli.session import Session
from cli.values import Setting, pairs, parse_settings
from fusion import money
from fusion.chain.account import Account
from fusion.chain.bindings.types import JobTerms
from fusion.chain.client import Chain
from fusion.content.cid import Cid
from fusion.content.table import read_table
from fusion.errors import BadInput
from fusion.market import trade
from node import request
from node.executor.run import vote
from node.inputs import add_inputs, feed_table, port_columns
from node.listings import ChainListings
from node.resolve import module_code
from node.spec import JobSpec
from node.terms import check_right, check_terms
from sandbox.code import Limits, ModuleCode
from sandbox.worker import Worker


@dataclass(frozen=True)
class Work:
    """What is to be run: a version, on which data, with which settings and limits."""

    version: int
    data: Cid | None
    feed: str
    columns: Mapping[str, str]
    settings: Mapping[str, Setting]
    fuel: int
    seed: int


@dataclass(frozen=True)
class Order:
    """What `fusion module run` was asked for; amounts in base units.

    Attributes:
        assurance_ppm: the probability of an audit, parts per million.
        value: what a wrong result would be worth; zero leaves it undeclared.
        offer: whose price for one run is paid; None uses a license.
        timeout: seconds to wait for the end.
        again: posts another job even while the same one is under way.
    """

    work: Work
    fee: int
    n: int
    k: int
    assurance_ppm: int
    value: int
    offer: int | None
    timeout: float
    again: bool = False


def work_of(
    version: int,
    *,
    data: str | None,
    feed: str,
    inputs: Sequence[str] | None,
    settings: Sequence[str] | None,
    fuel: int,
    seed: int,
) -> Work:
    """The work that options name; BadInput where one cannot be read."""
    return Work(
        version=version,
        data=None if data is None else Cid.parse(data),
        feed=feed,
        columns=pairs(inputs or [], "--input"),
        settings=parse_settings(settings or []),
        fuel=fuel,
        seed=seed,
    )


def order_run(session: Session, account: Account, order: Order, report: Progress) -> tuple[int, request.Answer]:
    """Checks the order, posts the job and waits for its end."""
    chain, version = session.chain, order.work.version
    terms = _terms(chain, account.address, order)
    try:
        check_terms(chain, terms)
        _check_operators(chain, order)
        check_right(chain, account.address, terms)
    except BadInput:
        # Who lost the receipt of this very job goes on with it, whatever has changed since.
        if order.again or request.under_way(chain, account.address, terms) is None:
            raise
    _warn_of_audits(chain, order)
    with known_content(f"version {version}"):
        code = module_code(version, ChainListings(chain), session.content)
    spec = job_spec(session, order.work, code)

    posted = request.post(
        chain, account, spec, fee=order.fee, n=order.n, k=order.k,
        license_id=terms.license_id, offer_id=terms.offer_id, max_run_price=terms.max_run_price,
        assurance_ppm=order.assurance_ppm, value=order.value, again=order.again,
    )  # fmt: skip
    return posted.job_id, request.wait(chain, posted.job_id, timeout=order.timeout, moved=telling(report))


def _terms(chain: Chain, account: str, order: Order) -> JobTerms:
    """What the job will ask for; BadInput without a right to it."""
    version = order.work.version
    licensed = None if order.offer is not None else trade.valid_license(chain, account, version)
    if order.offer is None and licensed is None:
        raise BadInput(
            f"no license: {account} holds none that is valid for version {version}; "
            "buy one with `fusion license buy`, or pay for one run with --per-run OFFER"
        )
    return JobTerms(
        version=version,
        license_id=licensed or 0,
        offer_id=order.offer or 0,
        max_run_price=0 if order.offer is None else trade.offer(chain, order.offer).per_run_price,
        fee=order.fee,
        value=order.value,
        fuel=order.work.fuel,
        assurance_ppm=order.assurance_ppm,
        n=order.n,
        k=order.k,
    )


def _check_operators(chain: Chain, order: Order) -> None:
    """BadInput, with the figures, for a job that would wait for operators that are not there."""
    lock = request.lock_of(chain, order.fee)
    operators = len(request.drawable(chain, lock))
    if order.n > operators:
        raise BadInput(
            f"--seats is {order.n}: {operators} of {chain.staking.operator_count()} operators have the least stake and "
            f"{money.show(lock)} of it free, which a fee of {money.show(order.fee)} locks; ask for fewer seats or "
            "give a lower --fee"
        )


def _warn_of_audits(chain: Chain, order: Order) -> None:
    """Says on stderr, and goes on, where assurance is paid for and nobody is left to audit."""
    candidates = chain.staking.candidate_count()
    if order.assurance_ppm and candidates <= order.n:
        print(
            f"fusion: warning: nobody can audit this job, so the assurance in its fee checks nothing: {candidates} "
            f"operators have the least stake, and --seats {order.n} takes them all",
            file=sys.stderr,
        )


def job_spec(session: Session, work: Work, code: ModuleCode) -> JobSpec:
    """The spec of the work, with its inputs kept in the store; BadInput where settings or data do not fit."""
    interface = session.runtime.describe(code)
    try:
        interface.settle(work.settings)
    except (TypeError, ValueError) as error:
        raise BadInput(f"--set: {error}") from None
    if work.data is None:
        inputs = add_inputs(session.store, port_columns(feed_table(work.feed), interface.inputs, work.columns))
    else:
        port_columns(read_table(fetched(session.content, work.data, "--data")), interface.inputs, {})
        inputs = dict.fromkeys(interface.inputs, work.data)
    return JobSpec(
        version=work.version,
        inputs=inputs,
        settings=work.settings,
        limits=Limits(fuel=work.fuel),
        image=session.image.id,
        seed=work.seed,
    )


def known_outcome(session: Session, work: Work, deadline: float) -> tuple[JobSpec, bytes]:
    """Runs the work here; its spec, and the hash of its outcome as a job's would be."""
    listings = ChainListings(session.chain)
    with known_content(f"version {work.version}"):
        spec = job_spec(session, work, module_code(work.version, listings, session.content))
    worker = Worker(session.image)
    try:
        found = vote(spec, listings, session.content, worker.run, time.monotonic() + deadline)
    finally:
        worker.close()
    return spec, found.outcome_hash
