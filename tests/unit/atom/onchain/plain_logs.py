"""Logs made by hand, and a decoder as plain as can be: one log at a time, Python's integers, no numpy."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

POOL = "0x" + "ab" * 20
ALICE, BOB = "0x" + "11" * 20, "0x" + "22" * 20
SWAP_V3 = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
MINT_V3 = "0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde"
SWAP_V2 = "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822"
SYNC_V2 = "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1"
SWAP_PANCAKE = "0x19b47279256b2a23a1665c810c8d55a1758940ee09377d4f8d26497a3577dc83"

Log = dict[str, object]


def word(value: int | str) -> str:
    """64 digits of a number or an address."""
    number = int(value, 16) if isinstance(value, str) else value
    return (number % 2**256).to_bytes(32, "big").hex()


def log(
    topic: str,
    indexed: Sequence[int | str],
    data: Sequence[int | str],
    *,
    block: int = 100,
    index: int = 0,
    address: str = POOL,
    second: int = 1704412823,
) -> Log:
    """A log as exporters write it."""
    return {
        "block_number": block,
        "block_timestamp": second,
        "transaction_hash": "0x" + f"{block * 1000 + index:064x}",
        "transaction_index": index // 2,
        "log_index": index,
        "address": address,
        "topics": [topic, *("0x" + word(value) for value in indexed)],
        "data": "0x" + "".join(map(word, data)),
    }


def swap_v3(
    amount0: int, amount1: int, root: int = 1 << 96, liquidity: int = 10**18, tick: int = 0, **where: int
) -> Log:
    return log(SWAP_V3, [ALICE, BOB], [amount0, amount1, root, liquidity, tick], **where)


def write(path: Path, *logs: Mapping[str, object]) -> Path:
    """Logs as JSON lines."""
    path.write_text("".join(json.dumps(each) + "\n" for each in logs))
    return path


def plain(log: Mapping[str, object]) -> dict[str, int | str] | None:
    """What a v3 Swap, Mint, Burn or Collect says, or None for another log."""
    topics, data = log["topics"], str(log["data"])
    assert isinstance(topics, list)
    numbers = [int(data[at : at + 64], 16) for at in range(2, len(data), 64)]
    signed = [number - 2**256 if number >= 2**255 else number for number in numbers]
    parties = ["0x" + topic[-40:] for topic in topics[1:]]
    ticks = [int(topic[-64:], 16) for topic in topics[2:]]
    ticks = [tick - 2**256 if tick >= 2**255 else tick for tick in ticks]
    match topics[0][2:10]:
        case "c42079f9":
            names = ("amount0", "amount1", "sqrt_price", "liquidity", "tick")
            return {"sender": parties[0], "recipient": parties[1], **dict(zip(names, signed, strict=True))}
        case "7a53080b":
            names = ("liquidity", "amount0", "amount1")
            rest = dict(zip(names, signed[1:], strict=True))
            return {"sender": "0x" + data[26:66], "owner": parties[0], **_range(ticks), **rest}
        case "0c396cd9":
            names = ("liquidity", "amount0", "amount1")
            return {"owner": parties[0], **_range(ticks), **dict(zip(names, signed, strict=True))}
        case "70935338":
            rest = dict(zip(("amount0", "amount1"), signed[1:], strict=True))
            return {"recipient": "0x" + data[26:66], "owner": parties[0], **_range(ticks), **rest}
    return None


def _range(ticks: Sequence[int]) -> dict[str, int]:
    return {"tick_lower": ticks[0], "tick_upper": ticks[1]}
