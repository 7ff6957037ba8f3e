"""A sale that is refused names amounts as the person wrote them."""

from types import SimpleNamespace
from typing import cast

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.types import Sells
from fusion.chain.client import Chain
from fusion.errors import BadInput
from fusion.market import trade

YOU = Account.random()


def chain(price: int, balance: int) -> Chain:
    offer = SimpleNamespace(token="0xA", version=1, sells=Sells.LICENSES)
    market = SimpleNamespace(offer=lambda number: offer, offer_count=lambda: 2, quote=lambda number: price)
    token = SimpleNamespace(address="0xA", balance_of=lambda account: balance)
    return cast("Chain", SimpleNamespace(market=market, token=token))


def test_a_price_too_low_is_told_in_tokens() -> None:
    with pytest.raises(BadInput, match=r"offer 2 costs 12\.50, you would pay at most 12\.40$"):
        trade.buy(chain(12_500_000, 0), YOU, 2, max_price=12_400_000)


def test_an_empty_wallet_is_told_in_tokens() -> None:
    with pytest.raises(BadInput, match=rf"{YOU.address} holds 1\.00, offer 2 costs 12\.50; fund it first"):
        trade.buy(chain(12_500_000, 1_000_000), YOU, 2)


def test_neither_signature_is_given_for_what_cannot_be_paid() -> None:
    with pytest.raises(BadInput, match=r"holds 1\.00, offer 2 costs 12\.50"):
        trade.buy_authorized(chain(12_500_000, 1_000_000), YOU, 2)
