"""Messages are read with each number's own text, and what is no request is refused with its id."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from api.exchange.refusal import Refusal
from api.exchange.requests import Unread, read, read_stream
from atom.stream.socket import wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def test_numbers_are_what_was_signed():
    told = read(
        b'{"id":3,"method":"m","params":{"price":0.10,"limit":007e1,"on":true,"all":["a","b"],"none":null}}'.replace(
            b"007e1", b"7"
        )
    )
    assert (told.id, dict(told.params)) == (3, {"price": "0.10", "limit": "7", "on": "true", "all": '["a","b"]'})


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_read_or_refused(message):
    """And what is read can be signed and told back: half of a surrogate pair is no text."""
    with suppress(Refusal):
        told = read(message)
        assert json.dumps([told.id, told.method, told.params], ensure_ascii=False).encode()
    with suppress(Refusal):
        assert json.dumps(read_stream(message), ensure_ascii=False).encode()


def test_a_refusal_has_the_requests_id():
    with pytest.raises(Unread) as caught:
        read(b'{"id":"x","method":"m","params":[]}')
    assert caught.value.id == "x"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_as_websockets_writes_it(size):
    text = b"a" * size
    assert wire(text) == Frame(Opcode.TEXT, text).serialize(mask=False)
