"""A canary's secret is kept before it stands on chain, and opened for the job that it was."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.types import Status
from fusion.errors import BadInput, ContractRefused, TransactionLost
from fusion.market.assurance import Canary, commit_canary, kept, open_canary

YOU = Account.random()
SPEC, RIGHT = b"\x01" * 32, b"\x02" * 32


def chain(fault: Exception | None = None, **job: object) -> Any:
    def send(account: Account, call: object) -> object:
        if fault:
            raise fault
        return SimpleNamespace(event=lambda kind: SimpleNamespace(first_job_id=5))

    pool = SimpleNamespace(canary_of=lambda *_: b"\x03" * 32, commit_canary=lambda _: None)
    jobs = SimpleNamespace(job_count=lambda: 3, job=lambda number: SimpleNamespace(**job))
    return cast("Any", SimpleNamespace(pool=pool, jobs=jobs, send=send))


def committed(folder: Path, fault: Exception | None = None) -> Canary:
    return commit_canary(chain(fault), YOU, YOU.address, SPEC, outcome_hash=RIGHT, folder=folder)


def test_the_secret_is_private_and_read_again(tmp_path: Path) -> None:
    canary = committed(tmp_path / "canaries")
    assert (canary.first_job, kept(tmp_path / "canaries")) == (5, [canary])
    (path,) = (tmp_path / "canaries").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_refused_is_forgotten_and_what_may_stand_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ContractRefused):
        committed(tmp_path, ContractRefused("taken", error="CanaryTaken"))
    assert kept(tmp_path) == []
    with pytest.raises(TransactionLost):
        committed(tmp_path, TransactionLost("no receipt"))
    assert [each.first_job for each in kept(tmp_path)] == [4]


@pytest.mark.parametrize(
    ("job", "job_id", "words"),
    [
        ({"spec_hash": RIGHT}, 5, "no canary with its spec is kept here"),
        ({"spec_hash": SPEC}, 4, "it was posted before the canary was committed"),
        ({"spec_hash": SPEC, "outcome_hash": RIGHT, "status": Status.PROPOSED}, 5, "opened once it is final"),
        ({"spec_hash": SPEC, "outcome_hash": SPEC, "status": Status.FINAL}, 5, "while its outcome is proposed"),
    ],
)
def test_only_its_own_job_opens_it_and_at_its_time(
    job: dict[str, object], job_id: int, words: str, tmp_path: Path
) -> None:
    canary = committed(tmp_path)
    with pytest.raises(BadInput, match=words):
        open_canary(chain(**job), YOU, job_id, [canary])


def test_a_file_that_is_no_canary_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BadInput, match="is no canary"):
        kept(tmp_path)
