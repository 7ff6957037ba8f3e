"""Operators and their funds, which live by dice."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from fusion.chain.bindings import operator_staking
from fusion.chain.bindings.types import Fault
from fusion.chain.contract import Event
from indexer.scripted import ANYWHERE

OPERATORS = ["0x" + f"{number:040x}" for number in range(1, 12)]
LOCK = 100
TAKEN = {Fault.SILENT: 5, Fault.WITHHELD: 20, Fault.WRONG: 140}


@dataclass
class Funds:
    free: int = 0
    locked: int = 0
    unbonding: int = 0
    slashed: int = 0


@dataclass
class Stakes:
    """Funds as the contract would have them."""

    funds: dict[str, Funds] = field(default_factory=dict)

    def stake(self, dice: random.Random) -> list[Event]:
        who = dice.choice(OPERATORS)
        funds = self.funds.setdefault(who, Funds())
        funds.free += 1_000
        return [
            operator_staking.OperatorRegistered(operator=who, endpoint=f"http://{dice.random()}", log=ANYWHERE),
            operator_staking.Staked(operator=who, amount=1_000, free=funds.free, log=ANYWHERE),
        ]

    def unbond(self, dice: random.Random) -> list[Event]:
        if not self.funds:
            return []
        who = dice.choice(sorted(self.funds))
        funds = self.funds[who]
        if funds.unbonding and dice.random() < 0.5:
            amount, funds.unbonding = funds.unbonding, 0
            return [operator_staking.Withdrawn(operator=who, amount=amount, log=ANYWHERE)]
        amount = dice.randint(0, funds.free)
        funds.free -= amount
        funds.unbonding += amount
        return [operator_staking.UnbondRequested(operator=who, amount=amount, unbond_at=99, log=ANYWHERE)]

    def draw(
        self, number: int, passed_over: set[str], wanted: int, dice: random.Random
    ) -> tuple[list[Event], Sequence[str]]:
        """Locks stake of operators who are not passed over, as far as there are any; they are from here on."""
        ready = [who for who, funds in sorted(self.funds.items()) if funds.free >= LOCK and who not in passed_over]
        drawn = dice.sample(ready, min(wanted, len(ready)))
        for who in drawn:
            self.funds[who].free -= LOCK
            self.funds[who].locked += LOCK
            passed_over.add(who)
        return [operator_staking.Locked(operator=who, job_id=number, amount=LOCK, log=ANYWHERE) for who in drawn], drawn

    def unlock(self, number: int, who: str) -> Event:
        self.funds[who].locked -= LOCK
        self.funds[who].free += LOCK
        return operator_staking.Unlocked(operator=who, job_id=number, amount=LOCK, log=ANYWHERE)

    def slash(self, number: int, who: str, fault: Fault) -> Event:
        funds = self.funds[who]
        taken = min(TAKEN[fault], LOCK + funds.free + funds.unbonding)
        own = funds.free + LOCK
        funds.locked -= LOCK
        funds.free = max(0, own - taken)
        funds.unbonding -= max(0, taken - own)
        funds.slashed += taken
        return operator_staking.Slashed(operator=who, job_id=number, fault=fault, lock=LOCK, amount=taken, log=ANYWHERE)
