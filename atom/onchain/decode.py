"""Decode: raw logs of one pool into rows, all logs of a form at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from atom.events import Flag, Pooled, Rows, Status, StatusKind, empty
from atom.instrument import Ints
from atom.onchain import words
from atom.onchain.forms import FORMS, Abi, Form
from atom.onchain.logs import Logs
from atom.onchain.words import Bytes

Mask = npt.NDArray[np.bool_]

_UNSIGNED = {Abi.UINT112: 14, Abi.UINT128: 16, Abi.UINT160: 20}
_FREE = (Flag.NO_ARRIVAL | Flag.LAST).value
_PRICE = 1 << 192  # square of the 2**96 by which a square root of a price is scaled


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the logs say.

    Attributes:
        form: of each log the index of its form in `FORMS`; -1 where it is of none.
        misfit: those that have the topic of a form and not its shape, or a number that its type cannot hold.
        tables: by form, its rows, in the order of the logs.
    """

    form: Ints
    misfit: Mask
    tables: Sequence[Rows]


def decode(logs: Logs) -> Decoded:
    """All logs that are of a known form."""
    forms = np.full(len(logs), -1, np.int64)
    misfit = np.zeros(len(logs), np.bool_)
    tables = []
    lengths = logs.lengths
    first = words.unpacked(logs.topics[:, 0]).view(np.int64)  # compared eight bytes at a time
    for index, form in enumerate(FORMS):
        topic = np.frombuffer(bytes.fromhex(form.topic), np.int64)
        named = (logs.count > 0) & (first == topic).all(axis=1)
        shaped = named & (logs.count == 1 + len(form.indexed)) & (lengths == 32 * len(form.words))
        rows = np.flatnonzero(shaped)
        table, sound = _rows(form, logs, rows)
        rows, table = rows[sound], table[sound]
        forms[rows] = index
        misfit |= named & (forms != index)
        tables.append(table)
    return Decoded(forms, misfit, tables)


def strange(logs: Logs, row: int, where: str) -> Status:
    """What is told of a log that has the topic of a form and not its shape."""
    topic = words.text(logs.topics[row, :1])[0][:10]
    detail = (
        f"{where}: a log of topic {topic} with {logs.count[row]} topics and {logs.lengths[row]} bytes is of no form"
    )
    return Status(StatusKind.PARSE_ERROR, int(arrival(logs.ts, logs.block)[row]), int(logs.block[row]), detail)


def arrival(ts: Ints, block: Ints) -> Ints:
    """What stands for the time of arrival: the block's time, and apart where several blocks share a second.

    Files are named by it, and by its day.
    """
    return np.asarray(ts + block % 10**9, np.int64)


def tables_of(decoded: Sequence[Decoded]) -> dict[str, Rows]:
    """The rows of several files by type."""
    parts: dict[str, list[Rows]] = {}
    for one in decoded:
        for form, table in zip(FORMS, one.tables, strict=True):
            if len(table):
                parts.setdefault(form.kind, []).append(table)
    return {kind: np.concatenate(some) for kind, some in sorted(parts.items())}


def by_pool(rows: Rows) -> Iterator[tuple[bytes, Rows]]:
    """Rows of a type by pool, each in the order of the chain; a log that came twice is one row."""
    place = place_of(rows)
    pools, which = np.unique(rows["pool"], return_inverse=True)
    order = np.lexsort((place, which))
    place, which = place[order], which[order]
    first = np.ones(len(rows), np.bool_)
    first[1:] = (place[1:] != place[:-1]) | (which[1:] != which[:-1])
    kept = order[first]
    ends = np.cumsum(np.bincount(which[first], minlength=len(pools)))[:-1]
    for pool, some in zip(pools, np.split(kept, ends), strict=True):
        yield bytes(pool), rows[some]


def with_sizes(tables: dict[str, Rows], decimals: tuple[int, int]) -> None:
    """Fills in what needs the decimals of the pool's tokens: sizes and prices."""
    first, second = decimals
    for rows in tables.values():
        rows["size0"] = words.to_floats(rows["amount0"], first)
        rows["size1"] = words.to_floats(rows["amount1"], second)
    swaps = tables.get("dex_swap")
    if swaps is None:
        return
    ticked = np.flatnonzero(swaps["flags"] & Flag.NO_TICKS == 0)
    times, over = 10**first, 10**second * _PRICE
    swaps["price"][ticked] = [root * root * times / over for root in words.to_ints(swaps["sqrt_price"][ticked])]
    plain = np.flatnonzero(swaps["flags"] & Flag.NO_TICKS != 0)
    liquidity = tables.get("dex_liquidity", empty("dex_liquidity"))
    synced = liquidity[liquidity["action"] == Pooled.SYNC]
    # the contract tells its new reserves in the log before each swap
    before = np.searchsorted(place_of(synced), place_of(swaps[plain]) - 1)
    told = before < len(synced)
    told[told] = place_of(synced)[before[told]] == place_of(swaps[plain])[told] - 1
    at = synced[before[told]]
    held = zip(words.to_ints(at["amount0"]), words.to_ints(at["amount1"]), strict=True)
    swaps["price"][plain[told]] = [one * times / (zero * 10**second) if zero else np.nan for zero, one in held]


def place_of(rows: Rows) -> Ints:
    """Where each log is in its chain: block and log in one number."""
    return np.asarray((rows["block"] << 24) + rows["log_index"], np.int64)


def _rows(form: Form, logs: Logs, rows: Ints) -> tuple[Rows, Mask]:
    """The rows of logs that have the shape of the form, and which of them hold numbers of its types."""
    table = empty(form.kind, len(rows))
    for name in ("block", "tx_index", "log_index", "tx_hash"):
        table[name] = getattr(logs, name)[rows]
    table["sequence"] = table["block"]
    table["pool"] = logs.address[rows]
    table["ts_event"] = logs.ts[rows]
    table["ts_recv"] = arrival(table["ts_event"], table["block"])
    table["flags"] = _FREE | np.where(table["ts_event"] == 0, Flag.NO_EVENT_TIME, 0)
    for name in table.dtype.names or ():
        if table.dtype[name].kind == "f":
            table[name] = np.nan
    sound = np.ones(len(rows), np.bool_)
    payload = logs.payload(rows, 32 * len(form.words)).reshape(len(rows), len(form.words), 32)
    fields = [*form.indexed, *form.words]
    given: dict[str, Rows] = {}
    for index, (name, abi) in enumerate(fields):
        if index < len(form.indexed):
            word = words.unpacked(logs.topics[rows, 1 + index])
        else:
            word = np.ascontiguousarray(payload[:, index - len(form.indexed)])
        given[name] = _field(word, abi)
        sound &= _holds(word, abi)
        if name in (table.dtype.names or ()):
            table[name] = given[name]
    if form.kind == "dex_swap":
        _flows(table, given)
    elif form.action is not None:
        table["action"] = form.action
    if not {"tick", "tick_lower"} & given.keys():
        table["flags"] |= np.uint16(Flag.NO_TICKS)
    return table, sound


def _flows(table: Rows, given: dict[str, Rows]) -> None:
    """What a swap gave and got: v2 tells each way, v3 the sum."""
    for side in ("0", "1"):
        if f"in{side}" in given:
            table[f"amount{side}"] = words.subtract(given[f"in{side}"], given[f"out{side}"])
        else:
            amount = given[f"amount{side}"]
            zero = np.zeros(len(amount), "V32")
            gave = words.negative(amount)
            table[f"out{side}"][gave] = words.subtract(zero, amount)[gave]


def _field(word: Bytes, abi: Abi) -> Rows:
    if abi is Abi.ADDRESS:
        return words.packed(word[:, 12:])
    if abi is Abi.INT24:
        return np.ascontiguousarray(word[:, 28:]).view(">i4")[:, 0].astype("<i4")
    return words.packed(word)


def _holds(word: Bytes, abi: Abi) -> Mask:
    """Whether each word is a number of its type, and does not read as negative where it is not."""
    match abi:
        case Abi.ADDRESS:
            return np.asarray(~word[:, :12].any(axis=1), np.bool_)
        case Abi.INT24:
            sign = np.where(word[:, 29] >= 0x80, np.uint8(0xFF), np.uint8(0))
            return np.asarray((word[:, :29] == sign[:, None]).all(axis=1), np.bool_)
        case Abi.INT256:
            return np.ones(len(word), np.bool_)
        case Abi.UINT256:
            return np.asarray(word[:, 0] < 0x80, np.bool_)
        case _:
            return np.asarray(~word[:, : 32 - _UNSIGNED[abi]].any(axis=1), np.bool_)
