"""What a transaction offers for its gas (EIP-1559), from what blocks lately took, and how far an offer may rise."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any, Self

from fusion.errors import FusionError

GWEI = 10**9
MAX_FEE = 500 * GWEI  # wei a gas, where no setting says otherwise
BLOCKS = 10  # whose tips are looked at
PERCENTILE = 60  # of the gas of a block, by tip: enough to be before the others there
USUAL_TIP = GWEI  # where a node tells nothing of tips
HEADROOM = 2  # times the base fee: holds through six full blocks
JITTER = 1 << 20  # wei a gas, about 1e-3 gwei: no two transactions of ours have the same tip, so none the same hash

ASKED: tuple[tuple[str, Sequence[object]], ...] = (
    ("eth_getBlockByNumber", ["latest", False]),
    ("eth_feeHistory", [hex(BLOCKS), "latest", [PERCENTILE]]),
    ("eth_maxPriorityFeePerGas", []),
)
"""The requests whose answers `Market.told` reads, in order."""


@dataclass(frozen=True, slots=True)
class Fees:
    """One transaction's offer, in wei a gas: `limit` is maxFeePerGas, `tip` maxPriorityFeePerGas."""

    limit: int
    tip: int

    def raised(self, market: "Market", most: int) -> "Fees | None":
        """The offer of a transaction that takes this one's place: a quarter more, or the market's where that is higher.

        None when `most` does not leave an eighth more of both, below which nodes refuse a replacement.
        """
        now = market.fees(most)
        limit = min(max(_more(self.limit, 4), now.limit), most)
        tip = min(max(_more(self.tip, 4), now.tip), limit)
        return Fees(limit, tip) if limit >= _more(self.limit, 8) and tip >= _more(self.tip, 8) else None


@dataclass(frozen=True, slots=True)
class Market:
    """What gas costs now, in wei a gas: `base` of the next block, and the `tip` that the others pay."""

    base: int
    tip: int

    @classmethod
    def told(cls, block: Mapping[str, Any], history: object, suggestion: object) -> Self:
        """From a node's answers to `ASKED`; of the second and third, an error or nonsense counts as no answer."""
        base = int(block["baseFeePerGas"], 16)
        tips: list[int] = []
        if isinstance(history, Mapping):
            try:
                base = max(base, int(history["baseFeePerGas"][-1], 16))
                # An empty block tells nothing of tips: it says 0.
                tips = [
                    int(rewards[0], 16)
                    for used, rewards in zip(history["gasUsedRatio"], history["reward"], strict=True)
                    if used > 0
                ]
            except (KeyError, IndexError, TypeError, ValueError):
                tips = []
        if not tips:
            tips = [USUAL_TIP if isinstance(suggestion, FusionError) else _number(suggestion)]
        return cls(base, median_low(tips))

    def fees(self, most: int) -> Fees:
        """An offer that holds while the base fee doubles, `most` at most."""
        # Rounded first: else each of our own tips, read back as the market's, would raise the next by its jitter.
        tip = min(self.tip // JITTER * JITTER + secrets.randbelow(JITTER), most)
        return Fees(min(HEADROOM * self.base + tip, most), tip)


def gwei(wei: int) -> str:
    """Wei a gas as people say it."""
    return f"{wei / GWEI:.9f}".rstrip("0").rstrip(".") + " gwei"


def _more(fee: int, part: int) -> int:
    """A fee and one `part`-th of it, rounded up."""
    return fee + -(-fee // part)


def _number(answer: object) -> int:
    try:
        return int(str(answer), 16)
    except ValueError:
        return USUAL_TIP
