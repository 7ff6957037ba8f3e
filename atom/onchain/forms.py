"""Forms: what the logs of exchanges look like, by topic, number of topics and length.

Many exchanges copied Uniswap's contracts, logs included, so a form tells the family and not whose pool it is. The
topic is the Keccak-256 of the signature written beside it; the tests recompute each.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from atom.events import Pooled

INDEXED: Final = 4  # topics at most


class Abi(IntEnum):
    """How a 32-byte word is to be read, and what it may hold."""

    ADDRESS = 1
    INT24 = 2
    UINT112 = 3
    UINT128 = 4
    UINT160 = 5
    UINT256 = 6
    INT256 = 7


A, I24, U112, U128, U160, U256, I256 = Abi


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of log.

    Attributes:
        signature: the event, as Solidity names it.
        topic: its first topic, hexadecimal.
        venue: the venue whose contracts first had it.
        kind: type of the rows that it makes.
        action: what happened to the pool's liquidity; None for a swap.
        indexed, words: fields in the topics after the first, and in the data.
    """

    signature: str
    topic: str
    venue: str
    kind: str
    action: Pooled | None
    indexed: tuple[tuple[str, Abi], ...]
    words: tuple[tuple[str, Abi], ...]


_V3_SWAP = (
    ("amount0", I256),
    ("amount1", I256),
    ("sqrt_price", U160),
    ("liquidity", U128),
    ("tick", I24),
)
_RANGE = (("owner", A), ("tick_lower", I24), ("tick_upper", I24))
_FROM_TO = (("sender", A), ("recipient", A))

FORMS: Final = (
    Form(
        "Swap(address,address,int256,int256,uint160,uint128,int24)",
        "c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67",
        "uniswap_v3",
        "dex_swap",
        None,
        _FROM_TO,
        _V3_SWAP,
    ),
    Form(
        "Swap(address,address,int256,int256,uint160,uint128,int24,uint128,uint128)",
        "19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83",
        "pancakeswap_v3",
        "dex_swap",
        None,
        _FROM_TO,
        (*_V3_SWAP, ("fee0", U128), ("fee1", U128)),
    ),
    Form(
        "Mint(address,address,int24,int24,uint128,uint256,uint256)",
        "7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde",
        "uniswap_v3",
        "dex_liquidity",
        Pooled.MINT,
        _RANGE,
        (("sender", A), ("liquidity", U128), ("amount0", U256), ("amount1", U256)),
    ),
    Form(
        "Burn(address,int24,int24,uint128,uint256,uint256)",
        "0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c",
        "uniswap_v3",
        "dex_liquidity",
        Pooled.BURN,
        _RANGE,
        (("liquidity", U128), ("amount0", U256), ("amount1", U256)),
    ),
    Form(
        "Collect(address,address,int24,int24,uint128,uint128)",
        "70935338e69775456a85ddef226c395fb668b63fa0115f5f20610b388e6ca9c0",
        "uniswap_v3",
        "dex_liquidity",
        Pooled.COLLECT,
        _RANGE,
        (("recipient", A), ("amount0", U128), ("amount1", U128)),
    ),
    Form(
        "CollectProtocol(address,address,uint128,uint128)",
        "596b573906218d3411850b26a6b437d6c4522fdb43d2d2386263f86d50b8b151",
        "uniswap_v3",
        "dex_liquidity",
        Pooled.COLLECT_PROTOCOL,
        _FROM_TO,
        (("amount0", U128), ("amount1", U128)),
    ),
    Form(
        "Flash(address,address,uint256,uint256,uint256,uint256)",
        "bdbdb71d7860376ba52b25a5028beea23581364a40522f6bcfb86bb1f2dca633",
        "uniswap_v3",
        "dex_liquidity",
        Pooled.FLASH,
        _FROM_TO,
        (("amount0", U256), ("amount1", U256), ("paid0", U256), ("paid1", U256)),
    ),
    Form(
        "Swap(address,uint256,uint256,uint256,uint256,address)",
        "d78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822",
        "uniswap_v2",
        "dex_swap",
        None,
        _FROM_TO,
        (("in0", U256), ("in1", U256), ("out0", U256), ("out1", U256)),
    ),
    Form(
        "Mint(address,uint256,uint256)",
        "4c209b5fc8ad50758f13e2e1088ba56a560dff690a1c6fef26394f4c03821c4f",
        "uniswap_v2",
        "dex_liquidity",
        Pooled.MINT,
        (("sender", A),),
        (("amount0", U256), ("amount1", U256)),
    ),
    Form(
        "Burn(address,uint256,uint256,address)",
        "dccd412f0b1252819cb1fd330b93224ca42612892bb3f4f789976e6d81936496",
        "uniswap_v2",
        "dex_liquidity",
        Pooled.BURN,
        _FROM_TO,
        (("amount0", U256), ("amount1", U256)),
    ),
    Form(
        "Sync(uint112,uint112)",
        "1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1",
        "uniswap_v2",
        "dex_liquidity",
        Pooled.SYNC,
        (),
        (("amount0", U112), ("amount1", U112)),
    ),
)

FAMILIES: Final = {
    "uniswap_v2": "v2",
    "uniswap_v3": "v3",
    "sushiswap_v2": "v2",
    "sushiswap_v3": "v3",
    "pancakeswap_v2": "v2",
    "pancakeswap_v3": "v3",
}
"""Venues whose pools have these forms; those of one family cannot be told apart by their logs."""

_V2: Final = ("mint", "burn")
_V3: Final = ("flash loan", "fees of the exchange")
UNVERIFIED: Final = {
    "uniswap_v2": _V2,
    "uniswap_v3": _V3,
    "sushiswap_v2": _V2,
    "sushiswap_v3": _V3,
    "pancakeswap_v2": _V2,
    "pancakeswap_v3": ("swap", *_V3),
}
"""Kinds of logs that are read, and of which no recording was at hand."""
