"""Ledger: who has what. Whatever one balance gets, another gives."""

from dataclasses import dataclass, field

from node.exchange.core.state import FIRST_USER, HOUSE, WORLD

LIMIT = float(1 << 62)
"""What an order may be worth, and what the world may owe. Compared as floats, so that one rounding decides for all."""
_MILLION = 1_000_000


@dataclass(slots=True)
class Account:
    """What one account has, in base units by asset, and what it pays in ppm of what a trade brings it."""

    free: list[int]
    locked: list[int]
    maker_ppm: int = 0
    taker_ppm: int = 0


@dataclass(slots=True)
class Ledger:
    """All accounts; the first two are the house's and the world's."""

    assets: int
    accounts: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in range(FIRST_USER):
            self.open()

    def open(self, maker_ppm: int = 0, taker_ppm: int = 0) -> int:
        """A new account's number."""
        self.accounts.append(Account([0] * self.assets, [0] * self.assets, maker_ppm, taker_ppm))
        return len(self.accounts) - 1

    def has(self, account: int, asset: int, amount: int) -> bool:
        """Whether an account may use that much; the world may as long as it owes less than the limit."""
        free = self.accounts[account].free[asset]
        return free >= amount or (account == WORLD and float(free) - float(amount) > -LIMIT)

    def hold(self, account: int, asset: int, amount: int) -> None:
        """Locks an amount; below zero gives it back."""
        self.accounts[account].free[asset] -= amount
        self.accounts[account].locked[asset] += amount

    def pay(self, payer: int, payee: int, asset: int, amount: int, *, held: bool) -> None:
        """Moves an amount, out of what the payer holds for an order or out of what is free."""
        source = self.accounts[payer].locked if held else self.accounts[payer].free
        source[asset] -= amount
        self.accounts[payee].free[asset] += amount

    def charge(self, account: int, asset: int, amount: int, ppm: int, most: int = 0) -> int:
        """Takes the house's part of an amount, or below zero gives it, no more than `most`.

        A fraction of a base unit is nobody's.
        """
        part = amount * abs(ppm) // _MILLION
        fee = part if ppm >= 0 else -min(part, most)
        self.pay(account, HOUSE, asset, fee, held=False)
        return fee

    def transfer(self, account: int, asset: int, amount: int) -> bool:
        """Moves an amount from the world, or below zero back; False where one of the two has too little."""
        if self.accounts[account].free[asset] + amount < 0:
            return False
        if float(self.accounts[WORLD].free[asset]) - float(amount) <= -LIMIT:
            return False
        self.pay(WORLD, account, asset, amount, held=False)
        return True
