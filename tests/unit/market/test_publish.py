"""What an author states is checked before anything is sent or kept."""

from typing import Any, cast

import pytest

from fusion.errors import BadInput
from fusion.market.publish import publish

NOTHING = cast("Any", None)  # neither chain nor store is touched
GOOD = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # of EIP-55


@pytest.mark.parametrize(
    "account",
    [
        "bob",
        "",
        "0x12",
        GOOD.replace("E", "e", 1),
        GOOD.replace("a", "A", 1),
        GOOD.removeprefix("0x"),
        "0x" + "0" * 40,
        "0x" + "g" * 40,
    ],
)
def test_a_share_goes_to_an_address_that_is_spelled_right(account: str) -> None:
    with pytest.raises(BadInput, match="the account of a share is"):
        publish(NOTHING, NOTHING, NOTHING, NOTHING, shares={account: 1})


def test_one_account_has_one_share() -> None:
    with pytest.raises(BadInput, match=f"{GOOD} is given two shares"):
        publish(NOTHING, NOTHING, NOTHING, NOTHING, shares={GOOD: 1, GOOD.lower(): 2})
