"""What a requester is told before a job is posted and while it runs, and how it walks a table that is withheld."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.types import JobTerms, Status
from fusion.chain.client import Chain
from fusion.content import dagpb
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.dagpb import Kind, Link, Node
from fusion.content.store import BlockStore
from fusion.content.table import add_table
from fusion.errors import BadInput, ContentError, Retryable
from node import request
from node.digest import keccak
from node.spec import JobSpec

YOU = Account.random()


def _chain(*, balance: int = 0, posted: Sequence[SimpleNamespace] = ()) -> Chain:
    jobs = SimpleNamespace(
        minimum_fee=lambda fuel: 120_000,
        lock_multiple=lambda: 10,
        bound_of=lambda assurance_ppm, n, lock: n * lock * assurance_ppm // (10**6 - assurance_ppm),
        paused=lambda: False,
        job=lambda number: SimpleNamespace(status=Status.FAILED if number == 3 else Status.OPEN),
    )
    market = SimpleNamespace(is_valid=lambda license_id, user, version: True)
    token = SimpleNamespace(balance_of=lambda account: balance)
    return cast("Chain", SimpleNamespace(jobs=jobs, market=market, token=token, find=lambda *_, **__: posted))


def test_a_wallet_that_cannot_pay_is_told_in_tokens() -> None:
    with pytest.raises(BadInput, match=rf"{YOU.address} holds 0\.00, the job costs 0\.20; fund it first"):
        request.post(_chain(), YOU, JobSpec(1), fee=200_000, n=3, k=2, license_id=1)


def test_a_job_under_way_is_gone_on_with_by_whoever_could_not_pay_another() -> None:
    terms = JobTerms(1, 1, 0, 0, 200_000, 0, JobSpec(1).limits.fuel, 0, 3, 2)
    same = keccak(JobSpec(1).encode())
    posted = [SimpleNamespace(job_id=number, spec_hash=same, terms=terms) for number in (1, 2, 3)]
    chain = _chain(posted=posted)
    assert request.post(chain, YOU, JobSpec(1), fee=200_000, n=3, k=2, license_id=1) == request.Request(2, ())
    assert request.under_way(chain, YOU.address, terms) == 2
    with pytest.raises(BadInput, match="fund it first"):
        request.post(chain, YOU, JobSpec(1, seed=1), fee=200_000, n=3, k=2, license_id=1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"n": 2, "k": 2}, "2 of 2: ask for an odd number of seats up to 7, and more than half of them"),
        ({"n": 9, "k": 5}, "5 of 9: ask for"),
        ({"n": 3, "k": 1}, "1 of 3: ask for"),
        ({"n": 1, "k": 2}, "2 of 1: ask for"),
        ({"n": -1, "k": 0}, "0 of -1: ask for"),
        ({"fee": 119_999}, r"a fee of 0\.119999 is below the least for 100000000000 fuel, 0\.12: offer that"),
        ({"assurance_ppm": 1_000_001}, "an assurance of 1000001 parts per million: give 0 to 1000000"),
        ({"assurance_ppm": -1}, "an assurance of -1 parts per million"),
        (
            {"assurance_ppm": 100_000, "value": 666_667},
            r"a value of 0\.666667 is more than this job can vouch for, 0\.666666: "
            r"ask for an assurance of 10\.0001%, or offer a fee of 0\.200001",
        ),
        (
            {"value": 1},
            r"a value of 0\.000001 is more than this job can vouch for, 0\.00: "
            r"ask for an assurance of 0\.0001%, or for less with a higher fee",
        ),
    ],
)
def test_terms_that_the_market_refuses_are_told_with_what_to_ask_for(asked: dict[str, int], told: str) -> None:
    terms = {"fee": 200_000, "n": 3, "k": 2, "license_id": 1} | asked
    with pytest.raises(BadInput, match=told):
        request.post(_chain(balance=10**9), YOU, JobSpec(1), **terms)  # type: ignore[arg-type]  # by name


def test_a_job_that_outlasts_its_wait_can_be_asked_after() -> None:
    job = SimpleNamespace(status=Status.NO_QUORUM)
    chain = cast("Chain", SimpleNamespace(jobs=SimpleNamespace(job=lambda number: job)))
    with pytest.raises(Retryable, match=r"job 7 is still no quorum after 0 s; .* with `fusion job show 7`"):
        request.wait(chain, 7, timeout=0.01)


def test_the_blocks_of_a_table_are_demanded_by_ways_that_the_chain_can_follow(tmp_path: Path) -> None:
    theirs, mine = BlockStore(tmp_path / "theirs"), BlockStore(tmp_path / "mine")
    root = add_table(theirs, {"first": np.arange(70_000.0), "second": np.ones(70_000)})
    blocks = dict(theirs.blocks_of(root))
    told: dict[bytes, bytes] = {}
    demanded: list[Cid] = []
    while (lack := request._lack(mine, told, root)) is not None:
        digest, codec = root.digest, DAG_PB
        for block, offset in zip(lack.path, lack.offsets, strict=True):  # as Dag.walk does
            assert (codec, hashlib.sha256(block).digest()) == (DAG_PB, digest)
            named = Cid.from_bytes(block[offset : offset + 36])
            digest, codec = named.digest, named.codec
        assert (codec, digest) == (lack.cid.codec, lack.cid.digest)
        demanded.append(lack.cid)
        told[digest] = blocks[lack.cid]
    assert demanded[0] == root
    assert sorted(demanded) == sorted(blocks)
    assert len(demanded) == len(set(demanded))
    assert mine.read_directory(root) == theirs.read_directory(root)


def test_what_is_here_already_is_not_demanded(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    root = add_table(store, {"first": np.ones(3)})
    assert request._lack(store, {}, root) is None


def test_a_link_that_no_demand_can_follow_is_told(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    leaf = Cid.of_block(RAW, b"leaf")
    block = dagpb.encode(Node(Kind.DIRECTORY, [Link(Cid(DAG_PB, leaf.digest), "file", 4)]))
    v1 = bytes(Cid(DAG_PB, leaf.digest))
    old = block.replace(b"\x0a\x24" + v1, b"\x0a\x22" + v1[2:]).replace(bytes([block[1]]), bytes([block[1] - 2]), 1)
    root = Cid.of_block(DAG_PB, old)
    store.put(root, old)
    with pytest.raises(ContentError, match="in an older form, which no demand can follow"):
        request._lack(store, {}, root)
