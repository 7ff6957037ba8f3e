"""Fields of bytes go through tables of int64 and back, and a window of a chain's facts with them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom import limbs
from atom.events import DTYPES, ON_CHAIN, Events, Flag, empty
from atom.onchain.pools import instrument
from atom.window import read_window, window_files
from fusion.content import dcbor
from fusion.errors import ContentError


@settings(deadline=None)
@given(st.sampled_from(["V32", "V20", "S16", "V1"]), st.lists(st.binary(min_size=32, max_size=32)))
def test_bytes_come_back(dtype: str, values: list[bytes]) -> None:
    size = np.dtype(dtype).itemsize
    field = np.frombuffer(b"".join(value[:size] for value in values), dtype)
    columns = limbs.split("amount0", field)
    assert list(columns) == [f"amount0_{index}" for index in range((size + 7) // 8)]
    assert limbs.join("amount0", columns, field.dtype).tobytes() == field.tobytes()


def test_bytes_beyond_the_field_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 20 bytes"):
        limbs.join("pool", {f"pool_{index}": np.array([-1]) for index in range(3)}, np.dtype("V20"))


def _events() -> Events:
    rng = np.random.default_rng(5)
    more = {}
    for kind in ON_CHAIN:
        rows = empty(kind, 3)
        for name in rows.dtype.names or ():
            if limbs.is_bytes(rows.dtype[name]):
                size = rows.dtype[name].itemsize
                rows[name] = np.frombuffer(rng.integers(1, 127, 3 * size, np.uint8).tobytes(), rows.dtype[name])
            else:
                rows[name] = [1, 2, 3]
        rows["flags"] = Flag.LAST | Flag.NO_ARRIVAL
        more[kind] = rows
    of = instrument("uniswap_v3", "0x" + "ab" * 20, None)
    return Events(of, empty("book"), empty("trade"), empty("quote"), more=more)


def test_a_window_of_on_chain_facts_comes_back_without_arrival() -> None:
    events = _events()
    back = read_window(window_files(events))
    for kind, rows in events.more.items():
        for name in DTYPES[kind].names or ():
            if name != "ts_recv":
                assert back.more[kind][name].tobytes() == rows[name].tobytes()


def test_a_window_with_too_many_bytes_is_refused() -> None:
    files = window_files(_events())
    files["dex_swap/pool_2.i8"] = b"\xff" * 24
    assert dcbor.decode(files["dex_swap/schema.cbor"])
    with pytest.raises(ContentError, match="more than 20 bytes"):
        read_window(files)
