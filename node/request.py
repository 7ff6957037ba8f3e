"""Requesting: a job is posted with its fee, followed, and its result fetched from whoever attested it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Posted, Revealed
from fusion.chain.bindings.types import Job, JobTerms, OutcomeKind, Status
from fusion.chain.client import Chain, Receipt
from fusion.chain.deployment import Parameters
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.content.table import Column, read_table
from fusion.errors import BadInput, Retryable
from fusion.money import show
from node.spec import JobSpec
from sandbox.encoding import decode

ENDED = (Status.FINAL, Status.FAILED)


@dataclass(frozen=True)
class Request:
    """A posted job and the transactions that posted it."""

    job_id: int
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Answer:
    """How a job ended.

    Attributes:
        hashes: operator -> the outcome hash it revealed.
        document: the outcome that is final, canonical CBOR; empty when the job failed.
    """

    job: Job
    hashes: dict[str, str]
    document: bytes


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
    """What a job of that fee locks of each operator in it, base units.

    No view tells the multiple; the newest job shows it. Before the first job it is taken to be the usual one.
    """
    newest = chain.jobs.job_count()
    if newest:
        job = chain.jobs.job(newest)
        if job.fee:
            return fee * job.lock // job.fee
    return fee * Parameters().lock_multiple


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
) -> Request:
    """Posts a job; allows the market to take the fee, and the per-run price when there is no license, if it cannot yet.

    Raises:
        BadInput: the wallet holds less than the job costs.
        ContractRefused: no license, a bad quorum, a fee too low.
    """
    token = chain.token
    needed = fee + (0 if license_id else max_run_price)
    balance = token.balance_of(account.address)
    if balance < needed:
        raise BadInput(f"{account.address} holds {show(balance)}, the job costs {show(needed)}; fund it first")
    receipts = []
    if token.allowance(account.address, chain.jobs.address) < needed:
        receipts.append(chain.send(account, token.approve(chain.jobs.address, needed)))
    terms = JobTerms(spec.version, license_id, offer_id, max_run_price, fee, spec.limits.fuel, n, k)
    receipt = chain.send(account, chain.jobs.post(terms, spec.encode()))
    receipts.append(receipt)
    return Request(receipt.event(Posted).job_id, tuple(receipts))


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
                f"job {job_id} is still {job.status.name.lower()} after {timeout:.0f} s; "
                f"see later how it ends with `fusion job show {job_id}`"
            )
        time.sleep(0.25)


def answer(chain: Chain, job_id: int, job: Job) -> Answer:
    """What the operators of a job revealed."""
    revealed = chain.find(Revealed, job_id=job_id)
    final = [each.outcome for each in revealed if each.outcome_hash == job.outcome_hash]
    hashes = {each.operator: "0x" + each.outcome_hash.hex() for each in revealed}
    return Answer(job, hashes, final[0] if final and job.status == Status.FINAL else b"")


def outputs(chain: Chain, answer_: Answer, store: BlockStore) -> dict[str, Column]:
    """The output columns of a final Result, large ones fetched from the operators that attested them and verified."""
    if answer_.job.kind != OutcomeKind.RESULT or not answer_.document:
        raise BadInput("the job has no result")
    document = decode(answer_.document)
    if document.outputs is not None:
        return dict(document.outputs)
    if document.table is None:
        raise BadInput("the outcome document names no outputs; its operators run another version of Fusion")
    agreeing = [
        operator for operator, found in answer_.hashes.items() if found == "0x" + answer_.job.outcome_hash.hex()
    ]
    endpoints = [chain.staking.endpoint(operator) for operator in agreeing]
    files = Content(store, [url for url in endpoints if url]).directory(document.table)
    return read_table(files)
