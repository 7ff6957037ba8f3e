"""What is told of a license, and a card that cannot be read."""

import base64
import json
from types import SimpleNamespace
from typing import cast

import pytest

from fusion.chain.bindings.types import RenewalRefusal
from fusion.chain.client import Chain
from fusion.errors import BadInput, FusionError
from fusion.market import licenses

OWNER = "0x" + "a" * 40


def chain(uri: str, count: int = 1) -> Chain:
    market = SimpleNamespace(license_count=lambda: count, owner_of=lambda number: OWNER, token_uri=lambda number: uri)
    return cast("Chain", SimpleNamespace(market=market))


def encoded(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def test_every_reason_not_to_renew_has_its_words() -> None:
    assert licenses.REFUSALS.keys() == set(RenewalRefusal) - {RenewalRefusal.NONE}


def test_a_card_is_the_picture_in_the_metadata() -> None:
    picture = encoded("image/svg+xml", b"<svg/>")
    assert licenses.card(chain(encoded("application/json", json.dumps({"image": picture}).encode())), 1) == b"<svg/>"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://example.org/1.json",
        encoded("application/json", b"{"),
        encoded("application/json", b"[]"),
        encoded("application/json", b"{}"),
        encoded("application/json", b'{"image": 3}'),
        encoded("application/json", b'{"image": "data:image/svg+xml;base64,%"}'),
    ],
)
def test_metadata_without_a_picture_is_told(uri: str) -> None:
    with pytest.raises(FusionError, match="license 1 has no card"):
        licenses.card(chain(uri), 1)


def test_a_license_that_was_never_sold_is_told() -> None:
    with pytest.raises(BadInput, match="there is no license 1; none was sold here yet"):
        licenses.card(chain("", count=0), 1)
