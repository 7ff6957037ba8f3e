"""A request is its signer's: the text as it came, one secret, and a short while."""

import pytest

from api.exchange.parameter import Asked
from api.exchange.refusal import Refusal
from api.exchange.signature import STAMPED, Credential, Guard, pairs, sign, signed_text, signed_values

KEY, SECRET, NOW = "k" * 64, "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j", 1_499_827_319_559
EXAMPLE = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
)


def guard(now=NOW):
    return Guard(lambda key: Credential(2, SECRET, reads=True, trades=True) if key == KEY else None, lambda: now)


def signed(key=KEY, stamp=NOW, signature=None, window=None, now=NOW):
    text = f"timestamp={stamp}" + (f"&recvWindow={window}" if window else "")
    told = [*pairs(text), ("signature", signature or sign(SECRET, text))]
    return guard(now).signed(key, Asked(STAMPED, told), text)


def test_the_example_of_the_documentation():
    """https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security"""
    assert sign(SECRET, EXAMPLE) == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


@pytest.mark.parametrize(
    ("query", "form", "text"),
    [
        ("a=1&signature=x", "", "a=1"),
        ("", "a=1&signature=x", "a=1"),
        ("signature=x&a=1", "", "&a=1"),
        ("a=1", "b=2&signature=x", "a=1b=2"),
        ("signatures=1", "", "signatures=1"),
    ],
)
def test_the_text_is_what_came_without_the_signature(query, form, text):
    assert signed_text(query, form) == text


def test_over_a_socket_the_names_are_sorted():
    assert signed_values({"b": "2", "signature": "x", "a": "1"}) == "a=1&b=2"


def test_who_signed_is_known():
    assert signed().account == 2
    assert signed(signature=sign(SECRET, f"timestamp={NOW}").upper()).account == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": None}, -2014),
        ({"key": "short"}, -2014),
        ({"key": "z" * 64}, -2015),
        ({"signature": "0" * 64}, -1022),
        ({"signature": "ä"}, -1022),
        ({"stamp": NOW - 5001}, -1021),
        ({"stamp": NOW + 1001}, -1021),
        ({"window": "60001"}, -1131),
        ({"window": "0.5", "stamp": NOW - 1}, -1021),
    ],
)
def test_who_did_not_is_refused(change, code):
    with pytest.raises(Refusal) as caught:
        signed(**change)
    assert caught.value.code == code


def test_an_old_request_is_good_for_as_long_as_it_says():
    assert signed(stamp=NOW - 5000).account == 2
    assert signed(stamp=NOW - 60_000, window="60000").account == 2


def test_text_that_is_not_utf8_is_refused():
    with pytest.raises(Refusal):
        pairs("a=%ff")
