"""An operator's standing: its endpoint and stake on the chain, and what it is owed."""

from dataclasses import dataclass

from fusion import log
from fusion.chain.account import Account
from fusion.chain.client import Chain
from fusion.errors import BadInput
from fusion.market import payout
from fusion.money import show


@dataclass(frozen=True, slots=True)
class Standing:
    """Amounts are base units of the stake token."""

    free: int
    locked: int
    unbonding: int
    claimable: int


class Bond:
    """One operator's account on one chain."""

    def __init__(self, chain: Chain, account: Account) -> None:
        self._chain = chain
        self._account = account
        self._log = log.get(operator=account.address)

    def standing(self) -> Standing:
        stake = self._chain.staking.operator(self._account.address)
        owed = self._chain.ledger.claimable(self._account.address, self._chain.token.address)
        return Standing(stake.free, stake.locked, stake.unbonding, owed)

    def register(self, endpoint: str) -> None:
        """Makes `endpoint` the one that the chain names for this operator."""
        if self._chain.staking.endpoint(self._account.address) == endpoint:
            return
        self._chain.send(self._account, self._chain.staking.register(endpoint))
        self._log.info("registered", endpoint=endpoint)

    def missing(self, wanted: int) -> int:
        """What is to be staked so that free and locked stake are `wanted` together.

        Raises:
            BadInput: the account holds too few tokens, or `wanted` is below the least stake.
        """
        chain, me = self._chain, self._account.address
        held = chain.staking.operator(me)
        missing = wanted - held.free - held.locked
        if missing <= 0:
            return 0
        least = chain.staking.minimum_stake()
        if held.free + missing < least and held.locked == 0:
            raise BadInput(f"a stake of {show(wanted)} is below the least, {show(least)}: stake more")
        balance = chain.token.balance_of(me)
        if balance < missing:
            raise BadInput(f"{me} holds {show(balance)} and stakes {show(missing)} more: send it the rest")
        return missing

    def stake(self, wanted: int) -> None:
        """Adds stake until free and locked stake are `wanted` together. Raises as `missing`."""
        missing = self.missing(wanted)
        if not missing:
            return
        chain, me = self._chain, self._account.address
        if chain.token.allowance(me, chain.staking.address) < missing:
            chain.send(self._account, chain.token.approve(chain.staking.address, missing))
        chain.send(self._account, chain.staking.stake(missing))
        self._log.info("staked", amount=missing)

    def claim(self) -> int:
        """Takes all that the ledger owes this operator in the stake token; returns the amount."""
        amount = payout.claim(self._chain, self._account).amount
        self._log.info("claimed", amount=amount)
        return amount
