"""Permits and authorizations are signed for the token they are asked for, on its own chain, and for nothing else."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fusion.chain.account import Account
from fusion.chain.contracts import MockUSD
from fusion.chain.permit import sign_authorization, sign_permit
from fusion.errors import BadInput

TOKEN, OTHER, MARKET = (f"0x{digit * 40}" for digit in "123")
CHAIN = cast("Any", SimpleNamespace(deployment=SimpleNamespace(chain_id=31337)))


@pytest.mark.parametrize(("contract", "chain_id"), [(OTHER, 31337), (TOKEN, 1)])
def test_a_token_that_gives_the_domain_of_another_gets_no_signature(
    contract: str, chain_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = (b"\x0f", "USD Coin", "2", chain_id, contract, bytes(32), [])
    monkeypatch.setattr(MockUSD, "eip712_domain", lambda _: domain)
    monkeypatch.setattr(MockUSD, "nonces", lambda _, __: 0)
    with pytest.raises(BadInput, match=f"signature for {contract} on chain {chain_id}: nothing was signed"):
        sign_permit(Account.random(), CHAIN, TOKEN, MARKET, 10**12, 2**40)
    with pytest.raises(BadInput, match="nothing was signed"):
        sign_authorization(Account.random(), CHAIN, TOKEN, to=MARKET, value=10**12, valid_before=2**40, nonce=bytes(32))


def test_an_authorization_is_65_bytes_and_of_its_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    domain = (b"\x0f", "USD Coin", "2", 31337, TOKEN, bytes(32), [])
    monkeypatch.setattr(MockUSD, "eip712_domain", lambda _: domain)
    buyer = Account.random()
    first, again, other = (
        sign_authorization(buyer, CHAIN, TOKEN, to=MARKET, value=5, valid_before=2**40, nonce=nonce)
        for nonce in (bytes(32), bytes(32), b"\1" * 32)
    )
    assert len(first) == 65
    assert first == again != other
    assert first[64] in (27, 28)
