"""What a requester is told before a job is posted and while it runs."""

from types import SimpleNamespace
from typing import cast

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.types import Status
from fusion.chain.client import Chain
from fusion.errors import BadInput, Retryable
from node import request
from node.spec import JobSpec


def test_a_wallet_that_cannot_pay_is_told_in_tokens() -> None:
    you = Account.random()
    chain = cast("Chain", SimpleNamespace(token=SimpleNamespace(balance_of=lambda account: 0)))
    with pytest.raises(BadInput, match=rf"{you.address} holds 0\.00, the job costs 0\.30; fund it first"):
        request.post(chain, you, cast("JobSpec", None), fee=200_000, n=3, k=2, offer_id=1, max_run_price=100_000)


def test_a_job_that_outlasts_its_wait_can_be_asked_after() -> None:
    job = SimpleNamespace(status=Status.ASSIGNED)
    chain = cast("Chain", SimpleNamespace(jobs=SimpleNamespace(job=lambda number: job)))
    with pytest.raises(Retryable, match=r"job 7 is still assigned after 0 s; .* with `fusion job show 7`"):
        request.wait(chain, 7, timeout=0.01)
