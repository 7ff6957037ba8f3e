"""Requesting: a job is posted with its fee, followed, disputed, and its result had from whoever attested it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fusion import log
from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Answered, Posted, Revealed
from fusion.chain.bindings.panel import Called, PanelRevealed
from fusion.chain.bindings.types import Job, JobTerms, OutcomeKind, PanelState, Seat, Status
from fusion.chain.client import Chain, Receipt
from fusion.chain.words import words
from fusion.content import unixfs
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.content.table import Column, read_table
from fusion.errors import (
    BadInput,
    ChainUnavailable,
    ContentError,
    ContentUnavailable,
    FusionError,
    Retryable,
    TransactionLost,
)
from fusion.market import trade
from node.digest import keccak
from node.spec import JobSpec
from node.terms import check_right, check_terms
from sandbox.encoding import decode

ENDED = (Status.FINAL, Status.FAILED)
DEMANDS = 8  # of one job; JobMarket refuses more
LOST = 30.0  # seconds in which a transaction without a receipt is still looked for


@dataclass(frozen=True)
class Request:
    """A posted job and the transactions that posted it."""

    job_id: int
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Answer:
    """How a job ended.

    Attributes:
        hashes: operator -> the outcome hash it revealed, of the job's own seats.
        document: the outcome that is final, canonical CBOR; empty when the job failed.
        agreeing: who revealed that outcome, panelists included.
    """

    job: Job
    hashes: dict[str, str]
    document: bytes
    agreeing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """A job as it stands, with its newest panel or audit.

    Attributes:
        panel: None where there was none.
        panelists: their seats.
    """

    job: Job
    seats: Sequence[Seat]
    panel: PanelState | None
    panelists: Sequence[Seat]


def drawable(chain: Chain, lock: int) -> list[str]:
    """The operators that a job which locks `lock` base units a seat could draw now.

    As the contracts draw: all of the stake is at least the least one, and what is free of it holds the lock.
    """
    staking = chain.staking
    least = staking.minimum_stake()
    operators = [staking.operator_at(index) for index in range(staking.operator_count())]
    stakes = {each: staking.operator(each) for each in operators}
    return [each for each, held in stakes.items() if held.free + held.locked >= least and held.free >= lock]


def lock_of(chain: Chain, fee: int) -> int:
    """What a job of that fee locks of each operator in it, base units."""
    return fee * chain.jobs.lock_multiple()


def post(
    chain: Chain,
    account: Account,
    spec: JobSpec,
    *,
    fee: int,
    n: int,
    k: int,
    license_id: int = 0,
    offer_id: int = 0,
    max_run_price: int = 0,
    assurance_ppm: int = 0,
    value: int = 0,
    again: bool = False,
) -> Request:
    """Posts a job; allows the market to take the fee, and the per-run price when there is no license, if it cannot yet.

    Equal specs end equally, so a job of this account with the same spec and terms that has not ended is the one asked
    for, and none is posted beside it: whoever lost a receipt asks again without paying twice.

    Args:
        n, k: seats, and equal outcomes needed; one of one is the solo level, which nobody verifies.
        assurance_ppm: the probability that an auditor runs it again, in parts per million.
        value: what a wrong result would be worth, base units; zero leaves it undeclared.
        again: posts another one all the same.

    Raises:
        BadInput: the job is refused, for what is said here or for what the wallet holds.
        ContractRefused: the chain's state changed on the way.
        TransactionLost: whether it was posted is not known; the message says what to do.
    """
    terms = JobTerms(
        spec.version, license_id, offer_id, max_run_price, fee, value, spec.limits.fuel, assurance_ppm, n, k
    )
    data = spec.encode()

    def alike() -> list[Posted]:
        return [each for each in _posted(chain, account.address, terms) if each.spec_hash == keccak(data)]

    before = alike()
    same = None if again else _newest(chain, before)
    if same is not None:
        log.get(job=same).warning("goes on with the same job, posted before")
        return Request(same, ())
    check_terms(chain, terms)
    check_right(chain, account.address, terms)
    token = chain.token
    needed = fee + (0 if license_id else max_run_price)
    trade.check_funds(chain, account.address, needed, "the job")
    receipts = []
    if token.allowance(account.address, chain.jobs.address) < needed:
        receipts.append(chain.send(account, token.approve(chain.jobs.address, needed)))
    try:
        receipt = chain.send(account, chain.jobs.post(terms, data))
    except (TransactionLost, ChainUnavailable) as error:
        known = {each.job_id for each in before}
        found = _receipt(chain, lambda: [each for each in alike() if each.job_id not in known])
        if found is None:
            raise TransactionLost(
                f"{error}; once it is included, asking for the same job again goes on with it and pays nothing more"
            ) from error
        receipt = found
    receipts.append(receipt)
    return Request(receipt.event(Posted).job_id, tuple(receipts))


def under_way(chain: Chain, account: str, terms: JobTerms) -> int | None:
    """The newest job of an account on these terms that has not ended; None without one."""
    return _newest(chain, _posted(chain, account, terms))


def _posted(chain: Chain, account: str, terms: JobTerms) -> list[Posted]:
    posted = chain.find(Posted, requester=account, version=terms.version)
    return [each for each in posted if each.terms == terms]


def _newest(chain: Chain, posted: Sequence[Posted]) -> int | None:
    """The newest of these that has not ended."""
    ids = (each.job_id for each in reversed(posted))
    return next((job_id for job_id in ids if chain.jobs.job(job_id).status not in ENDED), None)


def _receipt(chain: Chain, posted: Callable[[], list[Posted]]) -> Receipt | None:
    """The receipt of a job whose transaction came back without one; None where it does not come."""
    end = time.monotonic() + LOST
    while True:
        try:
            for each in posted():
                return chain.receipt(each.log.tx_hash)
        except ChainUnavailable as error:
            log.get().debug("looks on for a posted job", error=str(error))
        if time.monotonic() >= end:
            return None
        time.sleep(0.5)


def wait(chain: Chain, job_id: int, *, timeout: float, moved: Callable[[Job], None] = lambda job: None) -> Answer:
    """Waits until a job is final or failed.

    Args:
        moved: is called with the job at first and whenever its status changes.

    Raises:
        Retryable: it has not ended within `timeout` seconds of wall time; the job goes on.
    """
    deadline = time.monotonic() + timeout
    last = Status.NONE
    while True:
        job = chain.jobs.job(job_id)
        if job.status != last:
            last = job.status
            moved(job)
        if job.status in ENDED:
            return answer(chain, job_id, job)
        if time.monotonic() > deadline:
            raise Retryable(
                f"job {job_id} is still {words(job.status)} after {timeout:.0f} s; "
                f"see later how it ends with `fusion job show {job_id}`"
            )
        time.sleep(0.25)


def read(chain: Chain, job_id: int) -> Reading:
    """A job with its seats, and its newest panel or audit with theirs."""
    job, seats = chain.jobs.job(job_id), chain.jobs.seats(job_id)
    if not job.panel_id:
        return Reading(job, seats, None, ())
    return Reading(job, seats, chain.panel.panel(job.panel_id), chain.panel.seats(job.panel_id))


def answer(chain: Chain, job_id: int, job: Job) -> Answer:
    """What the operators of a job revealed."""
    hashes = {each.operator: "0x" + each.outcome_hash.hex() for each in chain.find(Revealed, job_id=job_id)}
    if job.status != Status.FINAL:
        return Answer(job, hashes, b"")
    operators, document = _agreed(chain, job_id, job)
    return Answer(job, hashes, document, tuple(operators))


def _agreed(chain: Chain, job_id: int, job: Job) -> tuple[list[str], bytes]:
    """Who revealed the outcome that is proposed or final, panelists included, and its document.

    Raises:
        Retryable: the endpoint does not give the logs.
    """
    revealed: list[Revealed | PanelRevealed] = list(chain.find(Revealed, job_id=job_id))
    if job.panel_id:
        for called in chain.find(Called, job_id=job_id):
            revealed += chain.find(PanelRevealed, panel_id=called.panel_id)
    found = [each for each in revealed if each.outcome_hash == job.outcome_hash]
    if not found:
        raise Retryable(f"the endpoint gives no log with the outcome of job {job_id}; it may be behind")
    return [each.operator for each in found], found[0].outcome


def outputs(chain: Chain, answer_: Answer, store: BlockStore) -> dict[str, Column]:
    """The outputs of a final Result, large columns fetched from the operators that attested them and verified.

    One number is an array of shape ().
    """
    if answer_.job.kind != OutcomeKind.RESULT or not answer_.document:
        raise BadInput("the job has no result")
    document = decode(answer_.document)
    if document.kind != "Result":
        raise BadInput("the outcome document names no outputs; its operators run another version of Fusion")
    if document.table is None:
        return dict(document.outputs)
    endpoints = [chain.staking.endpoint(operator) for operator in answer_.agreeing]
    table = read_table(Content(store, [url for url in endpoints if url]).directory(document.table))
    return table | dict(document.outputs)


def challenge(chain: Chain, account: Account, job_id: int, *, timeout: float = 0.0) -> list[Receipt]:
    """Has a panel run a proposed job again; allows the market to take the bond, if it cannot yet.

    Args:
        timeout: seconds to wait until the job is proposed. The bond is allowed before, so that a short challenge window
            is not spent on it.

    Raises:
        BadInput: it is not proposed, or the wallet holds less than the bond.
        ContractRefused: too few operators could sit on a panel, or another was first.
    """
    end = time.monotonic() + timeout
    job = chain.jobs.job(job_id)
    bond = chain.jobs.bond_of(job_id)
    trade.check_funds(chain, account.address, bond, "the bond")
    receipts = []
    waits = timeout > 0 and job.status not in ENDED
    if (waits or job.status == Status.PROPOSED) and chain.token.allowance(account.address, chain.jobs.address) < bond:
        receipts.append(chain.send(account, chain.token.approve(chain.jobs.address, bond)))
    while (job := chain.jobs.job(job_id)).status != Status.PROPOSED:
        if job.status in ENDED or time.monotonic() >= end:
            raise BadInput(
                f"job {job_id} is {words(job.status)}: one is challenged while its outcome is proposed, before it ends"
            )
        time.sleep(0.1)
    return [*receipts, chain.send(account, chain.jobs.challenge(job_id))]


@dataclass(frozen=True)
class _Lack:
    """A block that is not here, and the way to it: the blocks from the root, and where in each the next is named."""

    cid: Cid
    path: tuple[bytes, ...] = ()
    offsets: tuple[int, ...] = ()


def demand(
    chain: Chain, account: Account, job_id: int, store: BlockStore, *, timeout: float = 600.0
) -> dict[str, Column]:
    """Has the operators of a proposed Result publish the blocks of its table that `store` lacks, one after another.

    Each demand takes a deposit, which whoever answers is paid. What was answered before is taken from the chain, so
    that this can be called again after it was cut off. A job takes 8 demands, which is a table of as many blocks.

    Returns:
        The table's columns, once all of it is in `store`.

    Raises:
        BadInput: the job is not the account's, has no table, is not proposed, or takes no more demands; or the wallet
            holds less than the deposit.
        FusionError: nobody answered in time: the job has failed, and its fee is the requester's again.
        Retryable: it took longer than `timeout` seconds of wall time; call it again.
    """
    end = time.monotonic() + timeout
    job = chain.jobs.job(job_id)
    if job.requester != account.address:
        raise BadInput(f"job {job_id} was posted by {job.requester}: its bytes are demanded by that account alone")
    if job.kind != OutcomeKind.RESULT:
        raise BadInput(f"job {job_id} is {words(job.status)}, without a result: there are no bytes to demand")
    _, document = _agreed(chain, job_id, job)
    table = decode(document).table
    if table is None:
        raise BadInput(f"job {job_id} has all of its result on the chain: see `fusion job show {job_id}`")
    while True:
        told = {each.digest: each.data for each in chain.find(Answered, job_id=job_id)}
        lack = _lack(store, told, table)
        if lack is None:
            return read_table(store.read_directory(table))
        if job.status == Status.DEMANDED:
            job = _awaited(chain, job_id, end)
            continue
        if job.status != Status.PROPOSED:
            raise BadInput(f"job {job_id} is {words(job.status)}: bytes are demanded while its outcome is proposed")
        _allow_demands(chain, account, job_id, job)
        chain.send(account, chain.jobs.demand(job_id, document, lack.path, lack.offsets))
        job = _awaited(chain, job_id, end)


def _lack(store: BlockStore, told: Mapping[bytes, bytes], root: Cid) -> _Lack | None:
    """The first block below `root` that neither the store nor the chain has; what the chain has is kept."""
    waiting, seen = [_Lack(root)], set[Cid]()
    while waiting:
        at = waiting.pop()
        if at.cid in seen:
            continue
        seen.add(at.cid)
        try:
            block = store.get(at.cid)
        except ContentUnavailable:
            if at.cid.digest not in told:
                return at
            block = told[at.cid.digest]
            store.put(at.cid, block)
        children = dict.fromkeys(unixfs.links(at.cid, block))
        steps = [_Lack(each, (*at.path, block), (*at.offsets, _offset(block, each))) for each in children]
        waiting.extend(reversed(steps))
    return None


def _offset(block: bytes, cid: Cid) -> int:
    """Where in a block a link's CID begins."""
    at = block.find(bytes(cid))
    if at < 0:
        raise ContentError(f"a block of the table names {cid} in an older form, which no demand can follow: challenge")
    return at


def _allow_demands(chain: Chain, account: Account, job_id: int, job: Job) -> None:
    """Allows the market to take the deposits of all demands that are left, so that none waits for it."""
    left = DEMANDS - job.demands
    if not left:
        raise BadInput(f"job {job_id} was asked for {DEMANDS} blocks, and takes no more demands; challenge it instead")
    deposit = chain.jobs.minimum_fee(job.fuel)
    trade.check_funds(chain, account.address, deposit, "a demand")
    if chain.token.allowance(account.address, chain.jobs.address) < deposit:
        chain.send(account, chain.token.approve(chain.jobs.address, left * deposit))


def _awaited(chain: Chain, job_id: int, end: float) -> Job:
    """The job once its demand was answered."""
    while (job := chain.jobs.job(job_id)).status == Status.DEMANDED:
        if time.monotonic() >= end:
            raise Retryable(f"nobody has answered the demand of job {job_id} yet; demand again later to go on")
        time.sleep(0.1)
    if job.status == Status.FAILED:
        raise FusionError(
            f"job {job_id} failed: nobody answered for block {job.demanded.hex()}; what it cost is yours again with "
            "`fusion revenue claim`"
        )
    return job
