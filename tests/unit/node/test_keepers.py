"""Where a panelist looks for what its requester no longer serves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.bindings.types import OutcomeKind, Seat
from fusion.content.store import BlockStore
from node.executor.duty import Contract, Duty
from node.executor.rounds import Round, Rounds
from node.executor.steps import NOTHING

ENDPOINTS = {"0xa": "http://a/ipfs", "0xb": "http://b/ipfs", "0xc": ""}


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    seats = [
        Seat("0xa", OutcomeKind.RESULT, False, b"c" * 32, b"o" * 32),
        Seat("0xb", OutcomeKind.NONE, True, b"c" * 32, NOTHING),  # withheld: it need not have run the job
        Seat("0xc", OutcomeKind.RESULT, False, b"c" * 32, b"o" * 32),  # names no gateway
    ]
    chain = SimpleNamespace(
        jobs=SimpleNamespace(seats=lambda job_id: seats if job_id == 7 else []),
        staking=SimpleNamespace(endpoint=ENDPOINTS.__getitem__),
    )
    return Rounds(cast("Any", chain), cast("Any", SimpleNamespace(address="0xd")), BlockStore(tmp_path))


def test_a_panelist_asks_the_seats_that_revealed(rounds: Rounds) -> None:
    found = Round(Duty(Contract.PANEL, 3), cast("Any", None), cast("Any", SimpleNamespace(job_id=7)), [])
    assert rounds.keepers(found) == ["http://a/ipfs"]


def test_a_seat_asks_nobody_beside_its_own_gateways(rounds: Rounds) -> None:
    assert rounds.keepers(Round(Duty(Contract.JOB, 7), cast("Any", None), None, [])) == []
