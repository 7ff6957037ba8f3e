"""A pool's past comes whole and once: whatever the endpoint refuses, and wherever it is cut."""

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom.events import Flag
from atom.onchain import backfill, source
from atom.onchain.backfill import Backfill, Filled
from atom.onchain.spans import Span, Spans
from atom.onchain.swaps import Swaps
from atom.store import Store
from fusion.chain.rpc import RpcError
from fusion.errors import BadInput, CaptureError, ChainUnavailable, FusionError
from tests.unit.atom.onchain import plain_logs as made
from tests.unit.atom.onchain.plain_node import Node, down

SYMBOL = f"USDC-WETH@{made.POOL}"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PAUSES", (0.0,) * 3)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def filler(node: Node, store: Store, span: int = 10_000) -> Backfill:
    rpc = cast("Any", node)
    return Backfill(rpc, store, Swaps(rpc, "uniswap_v3", made.POOL, span=span), depth=10)


def fill(node: Node, store: Store, first: int, last: int | None = None, span: int = 10_000) -> Filled:
    return filler(node, store, span).run(first, last)


def held(store: Store) -> list[tuple[int, int]]:
    swaps = store.read("uniswap_v3", SYMBOL).more["dex_swap"]
    return list(zip(swaps["block"].tolist(), swaps["log_index"].tolist(), strict=True))


@pytest.mark.parametrize("limits", [{}, {"most": 7}, {"most": 1}])
@pytest.mark.parametrize("span", [1, 5, 10_000])
def test_it_comes_whole_however_little_comes_at_once(store: Store, limits: dict[str, int], span: int) -> None:
    node = Node(100, **limits)
    filled = fill(node, store, 20, span=span)
    assert held(store) == node.truth(20, 90)
    assert (filled.first, filled.last, filled.blocks, filled.swaps) == (20, 90, 71, len(node.truth(20, 90)))
    assert [first for first, _ in node.asked[1:]] == [last + 1 for _, last in node.asked[:-1]]


def test_a_span_of_time_is_found_by_the_blocks_times(store: Store) -> None:
    fill(Node(100), store, 20, 40)
    fill(Node(100), store, 60, 90)
    start, end = ((1704412800 + second) * 10**9 for second in (18, 33))
    swaps = store.read("uniswap_v3", SYMBOL, start=start, end=end).more["dex_swap"]
    assert sorted(set(swaps["block"].tolist())) == [36, 39, 60, 63]
    assert (swaps["flags"] & Flag.NO_ARRIVAL != 0).all()


def test_what_is_kept_is_not_asked_for_again(store: Store) -> None:
    node = Node(100)
    fill(node, store, 30, 50)
    fill(node, store, 60, 70)
    node.asked.clear()
    assert fill(node, store, 20).blocks == 71 - 21 - 11
    assert node.asked == [(20, 29), (51, 59), (71, 90)]
    assert held(store) == node.truth(20, 90)
    node.head = 130
    fill(node, store, 20)
    assert held(store) == node.truth(20, 120)
    assert fill(node, store, 20).blocks == 0


def test_sizes_prices_and_times_are_the_pools(store: Store) -> None:
    fill(Node(100), store, 30, 33)
    swaps = store.read("uniswap_v3", SYMBOL).more["dex_swap"]
    assert swaps["size0"].tolist() == [30e-6, 30e-6, 33e-6, 33e-6]
    assert swaps["price"].tolist() == [1e-12] * 4
    assert (swaps["flags"] == Flag.LAST | Flag.NO_ARRIVAL).all()
    assert swaps["ts_event"].tolist() == [(1704412800 + at) * 10**9 for at in (15, 15, 16, 16)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("nth", range(1, 10))
def test_a_cut_at_any_step_leaves_nothing_twice_and_nothing_out(
    nth: int, when: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step that changes the disk is cut in turn, before it and after it; the next run asks in other pieces."""
    monkeypatch.setattr(backfill, "_PIECES", 2)
    steps = [0]

    def cut(step: Any) -> Any:
        def once(*args: Any) -> Any:
            steps[0] += 1
            if steps[0] == nth and when == "before":
                raise KeyboardInterrupt
            answer = step(*args)
            if steps[0] == nth:
                raise KeyboardInterrupt
            return answer

        return once

    node = Node(100)
    with monkeypatch.context() as patch:
        patch.setattr(Spans, "write", cut(Spans.write))
        patch.setattr(Store, "write", cut(Store.write))
        with pytest.raises(KeyboardInterrupt):
            fill(node, store, 20, span=10)
    fill(node, store, 20, span=7)
    assert held(store) == node.truth(20, 90)


def test_an_endpoint_that_is_away_for_a_while_is_waited_for(store: Store) -> None:
    node = Node(100, every=1)
    node.trouble = down(3)
    fill(node, store, 20, span=9)
    node.head, node.trouble = 120, down(2, "eth_getBlockByNumber")
    fill(node, store, 20)
    assert held(store) == node.truth(20, 110)


def test_one_that_stays_away_is_told_and_what_came_is_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "_PIECES", 1)
    node = Node(100)

    def away(method: str) -> None:
        if method == "eth_getLogs" and len(node.asked) > 2:
            raise ChainUnavailable("no answer")

    node.trouble = away
    with pytest.raises(ChainUnavailable):
        fill(node, store, 20, span=10)
    assert held(store) == node.truth(20, 49)


def test_blocks_that_are_not_deep_are_left_and_a_deeper_reorganisation_is_seen(store: Store) -> None:
    node = Node(100)
    fill(node, store, 20, 200)
    assert held(store) == node.truth(20, 90)
    node.fork, node.head = 1, 120
    with pytest.raises(FusionError, match=r"block 90 is another than when USDC-WETH.*was filled") as caught:
        fill(node, store, 20)
    assert not isinstance(caught.value, BadInput)
    assert held(store) == node.truth(20, 90)


def test_a_block_that_is_replaced_while_it_is_read_is_not_kept(store: Store) -> None:
    node = Node(100)

    def replace(method: str) -> None:
        node.fork += method == "eth_getBlockByNumber"

    node.trouble = replace
    with pytest.raises(ChainUnavailable, match="was replaced while it was read"):
        fill(node, store, 20)
    node.trouble = lambda method: None
    fill(node, store, 20)
    assert held(store) == node.truth(20, 90)


def test_a_pool_without_logs_is_filled_too(store: Store) -> None:
    node = Node(100, every=1000)
    assert fill(node, store, 20).blocks == 71
    assert fill(node, store, 20).blocks == 0


def test_what_cannot_be_filled_is_refused(store: Store, tmp_path: Path) -> None:
    node = Node(100)
    with pytest.raises(BadInput, match="unknown venue 'binance' of pools"):
        Swaps(cast("Any", node), "binance", made.POOL)
    for address, told in (("0x12", "no address"), (made.ALICE, "is no pool"), ("0x" + "00" * 20, "is no pool")):
        with pytest.raises(BadInput, match=told):
            Swaps(cast("Any", _Mute(node)), "uniswap_v3", address)
    with pytest.raises(BadInput, match="block 91 is not 10 blocks under the head 100"):
        fill(node, store, 91)
    fill(node, store, 20)
    (path,) = (tmp_path / "onchain").glob("*.json")
    path.write_text("{}")
    with pytest.raises(CaptureError, match="does not tell what is kept"):
        fill(node, store, 20)


class _Mute(Node):
    """No contract knows a view."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.head)

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_call":
            raise RpcError("execution reverted", reason="execution reverted")
        return super().call(method, *params)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"address": made.ALICE}, "logs of other contracts"),
        ({"topics": None}, "gave a log that is none"),
        ({"data": "0xzz"}, "gave a log that is none"),
        ({"blockNumber": None}, "names no block"),
        ({"blockNumber": "0x5"}, "logs of other blocks than 20 to 90|was replaced"),
    ],
)
def test_a_node_that_answers_something_else_is_not_believed(
    changed: dict[str, object], told: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(100)
    right = node.logs
    monkeypatch.setattr(node, "logs", lambda number: [{**log, **changed} for log in right(number)])
    with pytest.raises(FusionError, match=told):
        fill(node, store, 20)
    monkeypatch.setattr(node, "logs", right)
    fill(node, store, 20)
    assert held(store) == node.truth(20, 90)


def test_two_at_once_are_refused(store: Store) -> None:
    node = Node(100)

    def second(stage: str, done: float) -> None:
        with pytest.raises(FusionError, match="another process fills"):
            fill(node, store, 20)

    filler(node, store).run(20, None, second)


BLOCKS = st.integers(0, 40)
SPAN = st.tuples(BLOCKS, BLOCKS).map(sorted)


@settings(deadline=None)
@given(st.lists(SPAN), SPAN)
def test_missing_and_kept_are_all_and_apart(kept: list[list[int]], asked: list[int]) -> None:
    spans = Spans()
    for first, last in kept:
        spans = spans.keep(Span(first, last, f"{last}"))
    have = {block for first, last in kept for block in range(first, last + 1)}
    assert [block for span in spans.kept for block in range(span.first, span.last + 1)] == sorted(have)
    assert all(span.hash == f"{span.last}" for span in spans.kept)
    missing = [block for first, last in spans.missing(*asked) for block in range(first, last + 1)]
    assert missing == [block for block in range(asked[0], asked[1] + 1) if block not in have]
