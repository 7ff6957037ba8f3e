"""A real local chain, fresh for each test, and the contracts on it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, deploy

NAMES = ("deployer", "treasury", "author", "buyer", "ann", "bob", "cyd")


@dataclass(frozen=True)
class Deployed:
    """The contracts on a fresh automining chain; every named account holds ether and 100,000 mUSD."""

    anvil: Anvil
    chain: Chain
    accounts: dict[str, Account]

    def __getitem__(self, name: str) -> Account:
        return self.accounts[name]


@pytest.fixture
def anvil() -> Iterator[Anvil]:
    """A fresh anvil that includes each transaction as soon as it comes; its endpoint is `.url`."""
    with Anvil.run() as running:
        yield running


@pytest.fixture
def deployed(anvil: Anvil) -> Deployed:
    accounts = {name: Account.random() for name in NAMES}
    for account in accounts.values():
        anvil.fund(account.address)
    deployment = deploy(anvil.url, accounts["deployer"], treasury=accounts["treasury"].address)
    chain = Chain.connect(anvil.url, deployment)
    for account in accounts.values():
        chain.send(account, chain.token.mint(account.address, 100_000 * MUSD))
    return Deployed(anvil, chain, accounts)
