"""What is refused before a job is posted."""

from types import SimpleNamespace
from typing import cast

import pytest

from cli.runs import Order, order_run
from cli.session import Session
from fusion.chain.account import Account
from fusion.errors import BadInput


def test_more_seats_than_operators_would_wait_for_nothing() -> None:
    chain = SimpleNamespace(staking=SimpleNamespace(operator_count=lambda: 3))
    order = Order(
        version=1,
        data=None,
        feed="simulated",
        columns={},
        settings={},
        fee=1,
        n=5,
        k=3,
        fuel=1,
        seed=0,
        offer=None,
        timeout=0,
    )
    with pytest.raises(BadInput, match="--seats is 5: this chain has 3 operators"):
        order_run(
            cast("Session", SimpleNamespace(chain=chain)), cast("Account", None), order, lambda stage, share: None
        )
