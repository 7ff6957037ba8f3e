"""One job from spec to vote: check, resolve, run, encode."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from fusion.chain.bindings.types import Job, OutcomeKind
from fusion.content.gateway import Content
from fusion.errors import BadInput, Retryable
from node.executor.digest import keccak, outcome_hash
from node.executor.message import Run
from node.executor.resolve import Listings, input_columns, module_code
from node.spec import JobSpec
from sandbox.encoding import encode, run_digest
from sandbox.outcome import Outcome, Refused

KINDS = {
    "Result": OutcomeKind.RESULT,
    "ModuleError": OutcomeKind.MODULE_ERROR,
    "LimitHit": OutcomeKind.LIMIT_HIT,
}
MAX_MEMORY = 2**30  # bytes of guest memory that this operator gives
MAX_OUTPUT = 2**28  # bytes of what it writes


class NotAttested(Retryable):
    """A run ended in a way that need not repeat (memory, time, a crash): it may end well the next time."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What an operator will commit to: the outcome's kind and document, their hash, and a fresh salt."""

    kind: OutcomeKind
    document: bytes
    outcome_hash: bytes
    salt: bytes


def checked_spec(data: bytes, job: Job, image: bytes, max_fuel: int) -> JobSpec:
    """The spec of a job; BadInput, with the reason to abstain, when it contradicts the job or this operator."""
    if keccak(data) != job.spec_hash:
        raise BadInput("the spec is not the one that the chain has the hash of")
    spec = JobSpec.decode(data)
    if spec.version != job.version:
        raise BadInput(f"the spec is for version {spec.version}, but version {job.version} is paid")
    if spec.limits.fuel != job.fuel:
        raise BadInput(f"the spec has {spec.limits.fuel} fuel, but the job's deadlines are for {job.fuel}")
    if spec.image != image:
        raise BadInput(f"the job is for image {spec.image.hex()}, this operator has {image.hex()}")
    given = {"fuel": max_fuel, "memory": MAX_MEMORY, "output": MAX_OUTPUT}
    for limit, wanted in spec.limits.as_dict().items():
        if wanted > given[limit]:
            raise BadInput(f"the job wants {wanted} of {limit}, this operator gives {given[limit]}")
    return spec


def vote(spec: JobSpec, listings: Listings, content: Content, execute: Callable[[Run], Outcome], until: float) -> Vote:
    """Runs a job and keeps its result table, if there is one, in this operator's store.

    Args:
        listings: what the chain says of a version.
        content: where bundles and inputs come from, and where results are kept.
        execute: runs a module, in a process of its own.
        until: when the run must have ended, in this machine's monotonic time; fetching takes of it.

    Raises:
        BadInput: this operator abstains; the message says why.
        NotAttested: the outcome is none to vote for.
        Retryable: the same run may pass later.
    """
    module = module_code(spec.version, listings, content)
    _left(until)  # inputs that come too late need not be fetched
    columns = input_columns(spec.inputs, content)
    outcome = execute(Run(module, columns, dict(spec.settings), spec.limits, spec.seed, _left(until)))
    if not outcome.attestable:
        why = f"the run ended in a way that is not attested: {outcome}"
        raise BadInput(why) if isinstance(outcome, Refused) else NotAttested(why)
    run = run_digest(module, spec.inputs, spec.settings, limits=spec.limits, seed=spec.seed, image=spec.image)
    encoded = encode(outcome, run)
    if encoded.files is not None:
        content.store.add_directory(encoded.files)
    kind = KINDS[outcome.kind]
    return Vote(kind, encoded.document, outcome_hash(kind, encoded.document), secrets.token_bytes(32))


def _left(until: float) -> float:
    """Seconds that are left; Retryable when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise Retryable("its content came too late to run it before the commit window closes")
    return left
