"""An operator's standing: its endpoint and stake on the chain, and what it is owed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fusion import log
from fusion.chain.account import Account
from fusion.chain.bindings.operator_staking import Staked, UnbondRequested
from fusion.chain.client import Chain
from fusion.chain.contract import Call
from fusion.errors import BadInput, Retryable
from fusion.market import payout
from fusion.money import show
from node.executor.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Standing:
    """Amounts are base units of the stake token; `unbond_at` is when what is unbonding may be withdrawn, in seconds."""

    free: int
    locked: int
    unbonding: int
    claimable: int
    unbond_at: int = 0


class Bond:
    """One operator's account on one chain; `metrics` are told of what it sends."""

    def __init__(self, chain: Chain, account: Account, metrics: Metrics | None = None) -> None:
        self._chain = chain
        self._account = account
        self._metrics = metrics
        self._log = log.get(operator=account.address)

    def standing(self) -> Standing:
        stake = self._chain.staking.operator(self._account.address)
        owed = self._chain.ledger.claimable(self._account.address, self._chain.token.address)
        return Standing(stake.free, stake.locked, stake.unbonding, owed, stake.unbond_at)

    def register(self, endpoint: str) -> None:
        """Makes `endpoint` the one that the chain names for this operator."""
        if self._chain.staking.endpoint(self._account.address) == endpoint:
            return
        self._send("register", self._chain.staking.register(endpoint))
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
            self._send("approve", chain.token.approve(chain.staking.address, missing))
        self._send("stake", chain.staking.stake(missing))
        self._log.info("staked", amount=missing)

    def top_up(self, wanted: int) -> bool:
        """As `stake`, unless this account has asked stake back since it staked last; whether it was as wanted.

        Who asks stake back means it: an operator that starts again must not put it in again.
        """
        standing = self.standing()
        if standing.unbonding or (standing.free + standing.locked < wanted and self._asked_back()):
            return False
        self.stake(wanted)
        return True

    def _asked_back(self) -> bool:
        """Whether the last that it did with its stake was to ask for some of it."""
        me = self._account.address
        asked = self._chain.find(UnbondRequested, operator=me)
        return bool(asked) and all(each.log < asked[-1].log for each in self._chain.find(Staked, operator=me))

    def unbond(self, amount: int | None = None) -> int:
        """Asks free stake back, all of it without an amount; returns how much. BadInput when there is not so much."""
        free = self.standing().free
        amount = free if amount is None else amount
        if not amount:
            raise BadInput("no stake is free: what is locked comes free when its jobs end")
        if amount > free:
            raise BadInput(f"{show(amount)} is more than the free stake, {show(free)}: what is locked comes free later")
        self._send("unbond", self._chain.staking.request_unbond(amount))
        self._log.info("unbonding", amount=amount)
        return amount

    def withdraw(self) -> int:
        """Takes the stake whose unbonding time is over; returns the amount.

        Raises:
            BadInput: none was asked back.
            Retryable: its time is not over; the message says when it is.
        """
        standing, now = self.standing(), self._chain.now()
        if not standing.unbonding:
            raise BadInput("no stake is unbonding: ask for some with `fusion operator unbond`")
        if now < standing.unbond_at:
            at = datetime.fromtimestamp(standing.unbond_at, UTC)
            left = timedelta(seconds=standing.unbond_at - now)
            raise Retryable(
                f"{show(standing.unbonding)} may be withdrawn from {at:%Y-%m-%d %H:%M:%S} UTC on, in {left}"
            )
        self._send("withdraw", self._chain.staking.withdraw())
        self._log.info("withdrawn", amount=standing.unbonding)
        return standing.unbonding

    def claim(self) -> int:
        """Takes all that the ledger owes this operator in the stake token; returns the amount."""
        with self._counted("claim"):
            amount = payout.claim(self._chain, self._account).amount
        self._log.info("claimed", amount=amount)
        return amount

    def _send(self, act: str, call: Call) -> None:
        with self._counted(act):
            self._chain.send(self._account, call)

    @contextmanager
    def _counted(self, act: str) -> Iterator[None]:
        """Tells the metrics whether what is sent in it went well."""
        try:
            yield
        except BaseException:
            if self._metrics is not None:
                self._metrics.sent_for(act, failed=True)
            raise
        if self._metrics is not None:
            self._metrics.sent_for(act)
