"""A canary's secret is kept before it stands on chain, and opened for the job that it was."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.assurance_pool import CanaryOpened
from fusion.chain.bindings.types import Status
from fusion.errors import BadInput, ContractRefused, Retryable, TransactionLost
from fusion.market.assurance import Canary, commit_canary, kept, open_canary

YOU = Account.random()
SPEC, RIGHT, COMMITMENT = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


def chain(
    fault: Exception | None = None, *, stands: tuple[bytes, ...] = (COMMITMENT,), opened: bool = False, **job: object
) -> Any:
    """Those commitments stand for jobs from 5 on, the next from 6 on, and so on; the first may be opened already."""

    def send(account: Account, call: object) -> object:
        if fault:
            raise fault
        return SimpleNamespace(event=lambda kind: SimpleNamespace(first_job_id=5))

    def find(kind: type, **indexed: object) -> list[object]:
        if kind is CanaryOpened:
            return [SimpleNamespace(commitment=COMMITMENT)] * opened
        return [
            SimpleNamespace(first_job_id=5 + stands.index(each)) for each in stands if each == indexed["commitment"]
        ]

    pool = SimpleNamespace(
        canary_of=lambda *_: COMMITMENT,
        commit_canary=lambda _: None,
        assured_jobs=lambda: 1,
        canary_interval=lambda: 20,
    )
    jobs = SimpleNamespace(job=lambda number: SimpleNamespace(**job))
    return cast("Any", SimpleNamespace(pool=pool, jobs=jobs, send=send, find=find))


def committed(folder: Path, fault: Exception | None = None) -> Canary:
    canary, first = commit_canary(chain(fault), YOU, YOU.address, SPEC, outcome_hash=RIGHT, folder=folder)
    assert first == 5
    return canary


def test_the_secret_is_private_and_read_again(tmp_path: Path) -> None:
    canary = committed(tmp_path / "canaries")
    assert kept(tmp_path / "canaries") == [canary]
    (path,) = (tmp_path / "canaries").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_refused_is_forgotten_and_what_may_stand_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ContractRefused):
        committed(tmp_path, ContractRefused("taken", error="CanaryTaken"))
    assert kept(tmp_path) == []
    with pytest.raises(TransactionLost):
        committed(tmp_path, TransactionLost("no receipt"))
    assert [each.commitment for each in kept(tmp_path)] == [COMMITMENT.hex()]


@pytest.mark.parametrize(
    ("job", "job_id", "words"),
    [
        ({"spec_hash": RIGHT}, 5, "no canary with its spec is kept here"),
        ({"spec_hash": SPEC}, 4, "it was posted before the canary was committed"),
        ({"spec_hash": SPEC, "stands": ()}, 5, "it was posted before the canary was committed"),
        ({"spec_hash": SPEC, "opened": True}, 5, "its canary was opened already"),
        ({"spec_hash": SPEC, "outcome_hash": RIGHT, "status": Status.PROPOSED}, 5, "opened once it is final"),
        ({"spec_hash": SPEC, "outcome_hash": SPEC, "status": Status.FINAL}, 5, "while its outcome is proposed"),
    ],
)
def test_only_its_own_job_opens_it_and_at_its_time(
    job: dict[str, Any], job_id: int, words: str, tmp_path: Path
) -> None:
    canary = committed(tmp_path)
    with pytest.raises(BadInput, match=words):
        open_canary(chain(**job), YOU, job_id, [canary])


def test_of_several_with_one_spec_the_one_that_is_not_opened_yet_is_taken(tmp_path: Path) -> None:
    first = committed(tmp_path)
    later = b"\x04" * 32
    second = replace(first, commitment=later.hex(), outcome=SPEC.hex())
    job = {"spec_hash": SPEC, "outcome_hash": b"\x05" * 32, "status": Status.FINAL}
    for canaries in ([first, second], [second, first]):
        with pytest.raises(BadInput, match="while its outcome is proposed"):
            open_canary(chain(stands=(COMMITMENT, later), opened=True, **job), YOU, 6, canaries)


def test_a_right_one_waits_for_enough_assured_jobs(tmp_path: Path) -> None:
    final = chain(spec_hash=SPEC, outcome_hash=RIGHT, status=Status.FINAL)
    with pytest.raises(Retryable, match="once in 20 assured jobs, and 1 ended since"):
        open_canary(final, YOU, 5, [committed(tmp_path)])


def test_a_file_that_is_no_canary_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BadInput, match="is no canary"):
        kept(tmp_path)
