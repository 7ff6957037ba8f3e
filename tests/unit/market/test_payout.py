"""Money goes where it was said to go, or nowhere."""

from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.errors import BadInput
from fusion.market.payout import claim

MISTYPED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"  # EIP-55's first example has ...BeAed


@pytest.mark.parametrize("to", ["", "bob", MISTYPED, "0x" + "0" * 40])
def test_nothing_is_claimed_to_an_address_that_is_spelled_wrong(to: str) -> None:
    untouched = cast("Any", None)
    with pytest.raises(BadInput, match="the address to pay is"):
        claim(untouched, Account.random(), to=to)
