"""One job from spec to vote: check, resolve, run, encode.

Whoever is silent is fined, and a requester may post what nobody can run: unpublished inputs, an image that nobody has,
a module that always takes all memory. So an operator without an outcome to vote for says so, in the one document that
is the same for every job and is not slashed where the others agree. Where it was too slow it says so too, unless all
seats must agree: then it stays silent, and another is drawn in its place.
"""

import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from fusion.chain.bindings.types import Job, OutcomeKind
from fusion.content import dcbor
from fusion.content.gateway import Content
from fusion.errors import BadInput, ChainUnavailable, ContentUnavailable, Retryable
from node.digest import keccak, outcome_hash
from node.executor.background import in_thread
from node.resolve import Listings, input_columns, module_code
from node.spec import JobSpec
from sandbox.encoding import TABLE_CHUNK, encode, run_digest
from sandbox.message import Run
from sandbox.outcome import LimitHit, Outcome, Refused

KINDS = {
    "Result": OutcomeKind.RESULT,
    "ModuleError": OutcomeKind.MODULE_ERROR,
    "LimitHit": OutcomeKind.LIMIT_HIT,
}
MAX_MEMORY = 2**30  # bytes of guest memory that this operator gives
MAX_OUTPUT = 2**28  # bytes of what it writes
UNAVAILABLE = dcbor.encode({"kind": "InputUnavailable"})

T = TypeVar("T")


class NotAttested(Retryable):
    """A run ended in a way that need not repeat (memory, a crash): it may end well the next time."""


class Late(Retryable):
    """A run took longer than the commit window leaves."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What an operator will commit to: the outcome's kind and document, their hash, and a fresh salt."""

    kind: OutcomeKind
    document: bytes
    outcome_hash: bytes
    salt: bytes


def unavailable() -> Vote:
    """The vote of an operator for whom the run could not begin: without its inputs, its bundle or its image."""
    kind = OutcomeKind.INPUT_UNAVAILABLE
    return Vote(kind, UNAVAILABLE, outcome_hash(kind, UNAVAILABLE), secrets.token_bytes(32))


def gives_cause(error: BaseException) -> bool:
    """Whether a run that failed like this is a reason to vote `unavailable`, once there is no more time."""
    return not isinstance(error, Late | ChainUnavailable)


def checked_spec(
    data: bytes, job: Job, images: Collection[bytes], max_fuel: int, max_memory: int = MAX_MEMORY
) -> JobSpec:
    """The spec of a job; BadInput, with the reason not to run it, when it contradicts the job or this operator."""
    if keccak(data) != job.spec_hash:
        raise BadInput("the spec is not the one that the chain has the hash of")
    spec = JobSpec.decode(data)
    if spec.version != job.version:
        raise BadInput(f"the spec is for version {spec.version}, but version {job.version} is paid")
    if spec.limits.fuel != job.fuel:
        raise BadInput(f"the spec has {spec.limits.fuel} fuel, but the job's deadlines are for {job.fuel}")
    if spec.image not in images:
        had = ", ".join(sorted(image.hex() for image in images))
        raise BadInput(f"the job is for image {spec.image.hex()}, this operator has {had}")
    given = {"fuel": max_fuel, "memory": max_memory, "output": MAX_OUTPUT}
    for limit, wanted in spec.limits.as_dict().items():
        if wanted > given[limit]:
            raise BadInput(f"the job wants {wanted} of {limit}, this operator gives {given[limit]}")
    return spec


def vote(
    spec: JobSpec,
    listings: Listings,
    content: Content,
    execute: Callable[[Run], Outcome],
    until: float,
    *,
    keep: bool = True,
) -> Vote:
    """Runs a job and keeps its result table, if there is one, in this operator's store.

    Args:
        listings: what the chain says of a version.
        content: where bundles and inputs come from, and where results are kept.
        execute: runs a module, in a process of its own.
        until: when the run must have ended, in this machine's monotonic time; fetching takes of it.
        keep: whether the result is kept, for whoever asks for it.

    Raises:
        BadInput: it can never run here; the message says why.
        ContentUnavailable: bundle or inputs are not to be had in time.
        Late: it was too slow.
        NotAttested: the outcome is none to vote for.
        Retryable: the same run may pass later.
    """
    module = _in_time(until, lambda: module_code(spec.version, listings, content))
    columns = _in_time(until, lambda: input_columns(spec.inputs, content))
    outcome = execute(Run(module, columns, dict(spec.settings), spec.limits, spec.seed, _left(until)))
    if not outcome.attestable:
        raise _no_vote(outcome)
    run = run_digest(module, spec.inputs, spec.settings, limits=spec.limits, seed=spec.seed, image=spec.image)
    encoded = encode(outcome, run)
    if keep and encoded.files is not None:
        content.store.add_directory(encoded.files, chunk=TABLE_CHUNK)
    kind = KINDS[outcome.kind]
    return Vote(kind, encoded.document, outcome_hash(kind, encoded.document), secrets.token_bytes(32))


def _no_vote(outcome: Outcome) -> BadInput | Retryable:
    why = f"the run ended in a way that is not attested: {outcome}"
    match outcome:
        case Refused():
            return BadInput(why)
        case LimitHit(which="deadline"):
            return Late(why)
        case _:
            return NotAttested(why)


def _in_time(until: float, fetch: Callable[[], T]) -> T:
    """What is fetched, for which nobody waits beyond `until`: what comes later is kept in the store all the same."""
    try:
        fetched = in_thread(fetch).result(timeout=_left(until))
    except TimeoutError:
        raise _too_late() from None
    _left(until)
    return fetched


def _left(until: float) -> float:
    """Seconds that are left; ContentUnavailable when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise _too_late()
    return left


def _too_late() -> ContentUnavailable:
    return ContentUnavailable("its content came too late to run it before the commit window closes")
