"""The revenue table of a version: pure arithmetic, told before the contract would refuse it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fusion.chain.bindings.types import Split
from fusion.errors import BadInput

WHOLE = 1_000_000  # parts per million in one
MAX_ROWS = 32
MAX_UPSTREAM = 500_000  # most that upstreams may take together
NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Upstream:
    """A version that is built on, and its share.

    Attributes:
        version: its id on chain.
        name: what the module calls it.
        minimum: the least it asks for, parts per million.
        ppm: what it gets; at least one part, since a version that is built on must be in the table.
    """

    version: int
    name: str
    minimum: int
    ppm: int


def revenue_table(author: str, shares: Mapping[str, int], upstreams: Sequence[Upstream]) -> list[Split]:
    """The sorted table: accounts first, then upstreams; the author gets what the others leave.

    Args:
        author: account that takes the rest.
        shares: other accounts -> parts per million.
        upstreams: each required version once.

    Raises:
        BadInput: a share out of range, an upstream undercut, upstreams above a half, or nothing left for the author.
    """
    for account, ppm in shares.items():
        if not 0 < ppm < WHOLE:
            raise BadInput(
                f"the share of {account} is {ppm} parts per million; give more than 0 and less than {WHOLE:,}"
            )
    for upstream in upstreams:
        if upstream.ppm < max(upstream.minimum, 1):
            raise BadInput(
                f"{upstream.name} (version {upstream.version}) asks for at least {percent(upstream.minimum)}, "
                f"the table gives it {percent(upstream.ppm)}; raise its royalty"
            )
    taken = sum(upstream.ppm for upstream in upstreams)
    if taken > MAX_UPSTREAM:
        raise BadInput(f"the upstreams take {percent(taken)} together; at most {percent(MAX_UPSTREAM)} is allowed")
    rest = WHOLE - taken - sum(shares.values())
    if rest <= 0:
        raise BadInput(f"the shares leave {percent(rest)} for the author; lower them")
    accounts = dict(shares)
    accounts[author] = accounts.get(author, 0) + rest
    rows = [Split(account, 0, ppm) for account, ppm in sorted(accounts.items(), key=lambda row: int(row[0], 16))]
    rows += [Split(NOBODY, each.version, each.ppm) for each in sorted(upstreams, key=lambda row: row.version)]
    if len(rows) > MAX_ROWS:
        raise BadInput(f"the revenue table has {len(rows)} rows; at most {MAX_ROWS} fit")
    return rows


def passed_on(settled: int, received: int, splits: Sequence[Split]) -> list[int]:
    """What RevenueLedger.settle would pass to each row, base units, by its own rule; empty where nothing would move.

    Dust may wait (docs/decisions/0004).
    """
    shares = _shares(settled, received, splits)
    if shares[-1] < 0:  # the last row holds too much of earlier roundings
        received = (received + 1) // WHOLE * WHOLE - 1
        shares = _shares(settled, received, splits)
    return shares if received > settled else []


def _shares(settled: int, received: int, splits: Sequence[Split]) -> list[int]:
    others = [received * split.ppm // WHOLE - settled * split.ppm // WHOLE for split in splits[:-1]]
    return [*others, received - settled - sum(others)]


def parse_percent(text: str, what: str) -> int:
    """Parts per million of `12.5%` or `12.5`."""
    try:
        ppm = Decimal(text.strip().removesuffix("%")) * 10_000
    except ArithmeticError:
        raise BadInput(f"{what} is {text!r}: give a percentage such as 12.5%") from None
    if not ppm.is_finite() or ppm != ppm.to_integral_value() or not 0 <= ppm <= WHOLE:
        raise BadInput(f"{what} is {text!r}: give a percentage from 0 to 100 with at most four decimals")
    return int(ppm)


def percent(ppm: int) -> str:
    """`12.5%` of 125,000 parts per million."""
    whole, parts = divmod(abs(ppm), 10_000)
    return f"{'-' if ppm < 0 else ''}{whole}.{parts:04d}".rstrip("0").rstrip(".") + "%"
