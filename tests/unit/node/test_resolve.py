"""Only what a version pays is loaded, and only as the chain names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.content.table import add_table
from fusion.errors import BadInput, ContentError, ContentUnavailable
from node import resolve
from node.resolve import MAX_MODULES, Listing, input_columns, module_code

CODE = b"""
from fusion.sdk import Floats, module


@module
def plain(price: Floats) -> Floats:
    return price
"""


@dataclass
class Market:
    """A registry that lists what is published here, and a store that has it."""

    store: BlockStore
    listings: dict[int, Listing] = field(default_factory=dict)

    def publish(
        self, name: str, *, requires: Mapping[str, Cid] | None = None, pays: tuple[int, ...] = (), **more: str
    ) -> int:
        lines = [
            f'name = "{name}"',
            'version = "1.0.0"',
            'entry = "plain"',
            'summary = "A test module"',
            'license = "Apache-2.0"',
            *(f"{key} = {value}" for key, value in more.items() if key != "sealed"),
            "[inputs]",
            'price = "Any series"',
            "[outputs]",
            'value = "The same"',
            "[requires]",
            *(f'{key} = {{version = "1.0.0", cid = "{cid}"}}' for key, cid in (requires or {}).items()),
        ]
        files = {"module.toml": "\n".join(lines).encode(), "module.py": CODE}
        cid = self.store.add_directory(files)
        assert Bundle.from_files(files).cid == cid
        version = len(self.listings) + 1
        self.listings[version] = Listing(cid, more.get("sealed") is not None, pays)
        return version

    def cid(self, version: int) -> Cid:
        return self.listings[version].cid

    def listing(self, version: int) -> Listing:
        return self.listings[version]

    @property
    def content(self) -> Content:
        return Content(self.store)


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(BlockStore(tmp_path / "content"))


def test_a_chain_of_upstreams_is_resolved(market: Market) -> None:
    low = market.publish("low")
    middle = market.publish("middle", requires={"low": market.cid(low)}, pays=(low,))
    top = market.publish("top", requires={"middle": market.cid(middle)}, pays=(middle,))
    code = module_code(top, market.listing, market.content)
    assert code.cid == market.cid(top)
    assert code.entry == "plain"
    assert code.files["module.py"] == CODE
    assert code.requires["middle"].requires["low"].cid == market.cid(low)


def test_a_diamond_is_resolved_once(market: Market) -> None:
    low = market.publish("low")
    left = market.publish("left", requires={"low": market.cid(low)}, pays=(low,))
    right = market.publish("right", requires={"low": market.cid(low)}, pays=(low,))
    both = {"left": market.cid(left), "right": market.cid(right)}
    code = module_code(market.publish("top", requires=both, pays=(left, right)), market.listing, market.content)
    assert code.requires["left"].requires["low"] is code.requires["right"].requires["low"]


def test_an_upstream_that_is_not_paid_is_refused(market: Market) -> None:
    low = market.publish("low")
    other = market.publish("other")
    top = market.publish("top", requires={"low": market.cid(low)}, pays=(other,))
    with pytest.raises(BadInput, match=r"requires 'low' .* does not pay"):
        module_code(top, market.listing, market.content)


def test_an_upstream_that_is_not_paid_is_refused_at_any_depth(market: Market) -> None:
    low = market.publish("low")
    middle = market.publish("middle", requires={"low": market.cid(low)})
    top = market.publish("top", requires={"middle": market.cid(middle)}, pays=(low, middle))
    with pytest.raises(BadInput, match=f"version {middle} requires 'low'"):
        module_code(top, market.listing, market.content)


def test_a_requirement_without_a_cid_is_refused(market: Market) -> None:
    low = market.publish("low")
    version = len(market.listings) + 1
    files = market.store.read_directory(market.cid(low))
    text = files["module.toml"].decode() + '\nlow = {version = "1.0.0"}'
    cid = market.store.add_directory({**files, "module.toml": text.encode()})
    market.listings[version] = Listing(cid, sealed=False, upstreams=(low,))
    with pytest.raises(BadInput, match="does not pay"):
        module_code(version, market.listing, market.content)


def test_of_two_paid_copies_the_older_is_taken(market: Market) -> None:
    low = market.publish("low")
    original = market.publish("middle", requires={"low": market.cid(low)}, pays=(low,))
    copy = market.publish("middle", requires={"low": market.cid(low)})  # which pays nobody
    assert market.cid(copy) == market.cid(original)
    top = market.publish("top", requires={"middle": market.cid(copy)}, pays=(original, copy))
    assert "low" in module_code(top, market.listing, market.content).requires["middle"].requires


def test_sealed_and_native_modules_are_refused(market: Market) -> None:
    with pytest.raises(BadInput, match="sealed"):
        module_code(market.publish("sealed", sealed="yes"), market.listing, market.content)
    with pytest.raises(BadInput, match="'torch'"):
        module_code(market.publish("native", native='["torch"]'), market.listing, market.content)


def test_more_modules_than_a_job_runs_are_refused(market: Market) -> None:
    last = market.publish("m0")
    for number in range(1, MAX_MODULES + 1):
        last = market.publish(f"m{number}", requires={"below": market.cid(last)}, pays=(last,))
    with pytest.raises(BadInput, match="a job runs no more"):
        module_code(last, market.listing, market.content)


def test_a_directory_that_is_no_bundle_is_refused(market: Market) -> None:
    cid = market.store.add_directory({"readme.txt": b"hello"})
    market.listings[1] = Listing(cid, sealed=False, upstreams=())
    with pytest.raises(BadInput, match="is no bundle"):
        module_code(1, market.listing, market.content)


def test_an_unknown_cid_may_come_later(market: Market) -> None:
    market.listings[1] = Listing(Cid.directory(b"?" * 32), sealed=False, upstreams=())
    with pytest.raises(ContentUnavailable):
        module_code(1, market.listing, market.content)


def test_altered_bytes_are_refused(market: Market) -> None:
    version = market.publish("plain")
    path = next(path for path in market.store.folder.rglob("*") if path.is_file() and b"@module" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"return price", b"return 2 * price"))
    with pytest.raises(ContentError):
        module_code(version, market.listing, market.content)


def test_a_port_takes_the_column_of_its_name_or_the_only_one(market: Market) -> None:
    bids, asks = np.array([1.0, 2.0]), np.array([3, 4], dtype=np.int64)
    quotes = add_table(market.store, {"bid": bids, "ask": asks})
    single = add_table(market.store, {"value": bids})
    columns = input_columns({"ask": quotes, "bid": quotes, "price": single}, market.content)
    assert columns["ask"].dtype == np.int64
    np.testing.assert_array_equal(columns["ask"], asks)
    np.testing.assert_array_equal(columns["bid"], bids)
    np.testing.assert_array_equal(columns["price"], bids)


def test_a_port_without_a_column_is_refused(market: Market) -> None:
    quotes = add_table(market.store, {"bid": np.zeros(1), "ask": np.zeros(1)})
    with pytest.raises(BadInput, match=r"input 'price' is not among the columns .* ask, bid"):
        input_columns({"price": quotes}, market.content)


def test_an_input_that_is_no_table_is_refused(market: Market) -> None:
    with pytest.raises(ContentError):
        input_columns({"price": market.store.add_directory({"a.txt": b"a"})}, market.content)


def test_inputs_that_are_too_large_together_are_refused(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (add_table(market.store, {"price": np.full(1_000, value)}) for value in (1.0, 2.0))
    monkeypatch.setattr(resolve, "MAX_INPUT", 10_000)
    assert input_columns({"bid": one, "ask": one}, market.content).keys() == {"bid", "ask"}
    with pytest.raises(BadInput, match="the inputs have more than"):
        input_columns({"bid": one, "ask": two}, market.content)
