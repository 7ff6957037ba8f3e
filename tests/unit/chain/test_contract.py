import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.chain.contract import decode, encode, input_types, selector
from fusion.errors import BadInput, FusionError


@pytest.mark.parametrize(
    ("signature", "types"),
    [
        ("f()", ()),
        ("f(uint256)", ("uint256",)),
        ("f(uint256,(address,(uint8,bool)[2])[],bytes)", ("uint256", "(address,(uint8,bool)[2])[]", "bytes")),
    ],
)
def test_input_types(signature: str, types: tuple[str, ...]) -> None:
    assert input_types(signature) == types


def test_a_selector_is_the_published_one() -> None:
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"  # ERC-20


@given(st.integers(0, 2**256 - 1), st.binary(max_size=99), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_encoded_decodes(number: int, data: bytes, text: str) -> None:
    packed = encode("f(uint256,bytes,string)", [number, data, text])

    assert decode(["uint256", "bytes", "string"], packed) == (number, data, text)


def test_text_that_is_no_utf8_is_replaced() -> None:
    assert decode(["string"], encode("f(bytes)", [b"a\xffb"])) == ("a\ufffdb",)


def test_a_value_out_of_range_is_named() -> None:
    with pytest.raises(BadInput, match=r"Thing.f\(uint8\) cannot take \(256,\): .*out of bounds|bounded"):
        encode("f(uint8)", (256,), "Thing")


def test_too_few_bytes() -> None:
    with pytest.raises(FusionError, match=r"3 bytes from the chain are no \(uint256\)"):
        decode(["uint256"], b"abc")
