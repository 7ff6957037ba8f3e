"""Paying for checks: the pool that audits and canaries are paid from, and canaries themselves.

A canary is a job whose requester had the answer committed to before it was posted. Operators cannot tell it from any
other job: a wrong answer is brought before a panel.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from fusion.chain.account import Account, write_secret
from fusion.chain.bindings.assurance_pool import CanaryCommitted, CanaryOpened
from fusion.chain.bindings.types import Status
from fusion.chain.client import Chain, Receipt
from fusion.errors import BadInput, ContractRefused, Retryable
from fusion.market.trade import check_funds


@dataclass(frozen=True)
class Canary:
    """What a requester keeps secret until it opens the canary. Hashes and salt are 64 hexadecimal digits.

    Attributes:
        requester: who alone can post the job and open it.
        spec: the hash of the job's spec. `outcome`: the hash of its outcome. `commitment`: what stands on chain.
    """

    requester: str
    spec: str
    outcome: str
    salt: str
    commitment: str

    def save(self, folder: Path) -> Path:
        """Keeps it in a private file."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{self.commitment}.json"
        write_secret(path, json.dumps(asdict(self), indent=2) + "\n")
        return path


def kept(folder: Path) -> list[Canary]:
    """The canaries of a folder."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Canary(**json.loads(path.read_text())))
        except (ValueError, TypeError) as error:
            raise BadInput(f"{path} is no canary: {error}") from error
    return found


def fund(chain: Chain, account: Account, amount: int) -> Receipt:
    """Gives `amount` base units to the pool. It cannot be taken back."""
    check_funds(chain, account.address, amount, "the gift")
    if chain.token.allowance(account.address, chain.pool.address) < amount:
        chain.send(account, chain.token.approve(chain.pool.address, amount))
    return chain.send(account, chain.pool.fund(amount))


def commit_canary(
    chain: Chain, sender: Account, requester: str, spec_hash: bytes, *, outcome_hash: bytes, folder: Path
) -> tuple[Canary, int]:
    """Commits to the outcome of `requester`'s jobs with that spec that come from now on; keeps the secret in `folder`.

    Args:
        sender: another account than the requester's hides which jobs are canaries.

    Returns:
        The canary, and the first job that it can be opened for.
    """
    salt = secrets.token_bytes(32)
    commitment = chain.pool.canary_of(requester, spec_hash, outcome_hash, salt)
    canary = Canary(requester, spec_hash.hex(), outcome_hash.hex(), salt.hex(), commitment.hex())
    path = canary.save(folder)  # before it stands on chain: without its salt it can never be opened
    try:
        receipt = chain.send(sender, chain.pool.commit_canary(commitment))
    except (BadInput, ContractRefused):  # of another failure it is not known whether it stands
        path.unlink()
        raise
    return canary, receipt.event(CanaryCommitted).first_job_id


def open_canary(chain: Chain, account: Account, job_id: int, canaries: list[Canary]) -> tuple[CanaryOpened, Receipt]:
    """Opens the canary that a job was. A wrong answer is disputed; a right one is paid back its jobFee.

    Raises:
        BadInput: none of `canaries` is of this account and job, or the job is not at a stage where it can be opened.
        Retryable: too few assured jobs have ended since a canary was paid back.
    """
    job = chain.jobs.job(job_id)
    mine = [each for each in canaries if each.requester == account.address and each.spec == job.spec_hash.hex()]
    canary = _fitting(chain, account.address, job_id, mine)
    outcome = bytes.fromhex(canary.outcome)
    right = job.outcome_hash == outcome
    if job.status != (Status.FINAL if right else Status.PROPOSED):
        when = "once it is final" if right else "while its outcome is proposed and may be challenged"
        raise BadInput(f"job {job_id} is {job.status.name.lower()}: a canary like this is opened {when}")
    ended, interval = chain.pool.assured_jobs(), chain.pool.canary_interval()
    if right and ended < interval:
        raise Retryable(
            f"a canary is paid back once in {interval} assured jobs, and {ended} ended since: open it later"
        )
    receipt = chain.send(account, chain.pool.open_canary(job_id, outcome, bytes.fromhex(canary.salt)))
    return receipt.event(CanaryOpened), receipt


def _fitting(chain: Chain, requester: str, job_id: int, canaries: list[Canary]) -> Canary:
    """The one of these that stands on chain since before the job, the newest of those that were not opened yet."""
    opened = {each.commitment.hex() for each in chain.find(CanaryOpened, requester=requester)} if canaries else set()
    shut = [each for each in canaries if each.commitment not in opened]
    since = {
        committed.first_job_id: each
        for each in shut
        for committed in chain.find(CanaryCommitted, commitment=bytes.fromhex(each.commitment))
    }
    first = max((first for first in since if first <= job_id), default=None)
    if first is not None:
        return since[first]
    if shut:
        why = "it was posted before the canary was committed"
    else:
        why = "its canary was opened already" if canaries else "no canary with its spec is kept here"
    raise BadInput(f"job {job_id} is no canary of {requester}: {why}")
