"""Logs: raw logs of a chain as columns, checked once, so that they are decoded many at a time."""

import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from atom.events import Rows
from atom.instrument import Ints
from atom.onchain.forms import INDEXED
from atom.onchain.sheet import BadCellError, matching
from atom.onchain.words import Bytes, packed, unhex, unpacked

_HEX: Final = {
    "tx_hash": ("^0x[0-9a-fA-F]{64}$", "0x and 64 hexadecimal digits"),
    "address": ("^0x[0-9a-fA-F]{40}$", "0x and 40 hexadecimal digits"),
    "topics": ("^([0-9a-fA-F]{64}){0,4}$", "up to four of 0x and 64 hexadecimal digits"),
    "data": ("^0x([0-9a-fA-F]{2})*$", "0x and pairs of hexadecimal digits"),
}
_NUMBERS: Final = {"block": 2**39, "tx_index": 2**31, "log_index": 2**24}
_FIELDS: Final = ("block", "tx_index", "log_index", "tx_hash", "address", "topics", "data")
_LATEST: Final = 2**33  # seconds, whose nanoseconds fit 64 bits
_NUMBER: Final = "^[0-9]{1,19}$"


@dataclass(frozen=True, slots=True, eq=False)
class Logs:
    """Raw logs, one a row.

    Attributes:
        block, tx_index, log_index: where each is; the last counts within the block.
        ts: time of the block, ns UTC; 0 where it is unknown.
        tx_hash: `V32`.
        address: of the contract that made it, `V20`; zero where the source does not tell.
        topics, count: (n, 4) of `V32`, and how many of them there are.
        data: bytes of all, side by side.
        ends: where each log's data ends in it.
    """

    block: Ints
    tx_index: Ints
    log_index: Ints
    ts: Ints
    tx_hash: Rows
    address: Rows
    topics: Rows
    count: Ints
    data: Bytes
    ends: Ints

    def __len__(self) -> int:
        return len(self.block)

    @property
    def lengths(self) -> Ints:
        """Bytes of data of each."""
        return np.diff(self.ends, prepend=0)

    def payload(self, rows: Ints, size: int) -> Bytes:
        """The data of some logs that have `size` bytes each, (n, size)."""
        if not len(rows) or not size:
            return np.zeros((len(rows), size), np.uint8)
        # every run of `size` bytes as one item, of which the wanted are copied
        runs = np.ndarray((len(self.data) - size + 1,), f"V{size}", np.ascontiguousarray(self.data), strides=(1,))
        return unpacked(runs[self.ends[rows] - size])

    def content(self, row: int) -> tuple[bytes, ...]:
        """What one log says: its transaction, maker, topics and data."""
        data = self.data[int(self.ends[row] - self.lengths[row]) : int(self.ends[row])]
        return bytes(self.tx_hash[row]), bytes(self.address[row]), self.topics[row].tobytes(), data.tobytes()

    @classmethod
    def checked(cls, columns: Mapping[str, pa.Array], ts: Ints) -> "Logs":
        """Logs from text.

        Args:
            columns: `block`, `tx_index`, `log_index` as decimal text; `tx_hash`, `address` (or absent) and `data` as 0x
                and digits; `topics` as all their digits together, without 0x.
            ts: times of their blocks, ns; 0 where unknown.

        Raises:
            BadCellError: a text is not of its form.
        """
        size = len(columns["block"])
        for name, (pattern, wanted) in _HEX.items():
            if name in columns:
                matching(columns[name], pattern, f"the {name} {{}} is not {wanted}")
        numbers = {name: _numbers(columns[name], name, limit) for name, limit in _NUMBERS.items()}
        digits = pc.binary_length(columns["topics"]).to_numpy(zero_copy_only=False).astype(np.int64)
        count = digits // 64
        topics = np.zeros((size, INDEXED, 32), np.uint8)
        topics[np.arange(INDEXED) < count[:, None]] = unhex(_joined(columns["topics"]), 32)
        data = pc.utf8_slice_codeunits(columns["data"], 2)
        ends = np.cumsum(pc.binary_length(data).to_numpy(zero_copy_only=False).astype(np.int64)) // 2
        address = np.zeros((size, 20), np.uint8)
        if "address" in columns:
            address = unhex(_joined(pc.utf8_slice_codeunits(columns["address"], 2)), 20)
        return cls(
            **numbers,
            ts=ts,
            tx_hash=packed(unhex(_joined(pc.utf8_slice_codeunits(columns["tx_hash"], 2)), 32)),
            address=packed(address),
            topics=packed(topics.reshape(-1, 32)).reshape(size, INDEXED),
            count=count,
            data=np.frombuffer(binascii.unhexlify(_joined(data)), np.uint8),
            ends=ends,
        )

    @classmethod
    def parsed(cls, told: Iterable[Mapping[str, Any]]) -> "Logs":
        """Logs from JSON objects, as nodes give them (`blockNumber`) or as exporters do (`block_number`).

        Raises:
            BadCellError: a field is missing or not of its form.
        """
        rows, seconds = [], []
        for row, log in enumerate(told):
            try:
                rows.append(_fields(log))
                seconds.append(_seconds(log))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
                raise BadCellError(row, f"the log is malformed: {what}") from error
        columns = zip(*rows, strict=True) if rows else ((),) * len(_FIELDS)
        texts = {name: pa.array(of, pa.large_string()) for name, of in zip(_FIELDS, columns, strict=True)}
        return cls.checked(texts, np.array(seconds, np.int64) * 10**9)


def _fields(log: Mapping[str, Any]) -> tuple[str, ...]:
    topics = log["topics"]
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise TypeError(f"the topics are {topics!r:.60}, not a list of texts")
    if not all(topic.startswith("0x") for topic in topics):
        raise ValueError(f"a topic of {topics!r:.60} does not begin with 0x")
    texts = log["address"], log["data"]
    tx_hash = log["transaction_hash"] if "transaction_hash" in log else log["transactionHash"]
    for text in (*texts, tx_hash):
        if not isinstance(text, str):
            raise TypeError(f"{text!r:.60} is no text")
    return (
        _whole(log, "block_number", "blockNumber"),
        _whole(log, "transaction_index", "transactionIndex"),
        _whole(log, "log_index", "logIndex"),
        tx_hash,
        texts[0],
        "".join(topic[2:] for topic in topics),
        texts[1],
    )


def _seconds(log: Mapping[str, Any]) -> int:
    told = log.get("block_timestamp", log.get("blockTimestamp"))
    seconds = 0 if told is None else int(_number(told))
    if not 0 <= seconds < _LATEST:
        raise ValueError(f"the time {told!r:.40} is not in seconds since 1970")
    return seconds


def _whole(log: Mapping[str, Any], snake: str, camel: str) -> str:
    return _number(log[snake] if snake in log else log[camel])


def _number(value: object) -> str:
    if isinstance(value, str):
        return str(int(value, 16)) if value.startswith("0x") else value
    if type(value) is not int:
        raise TypeError(f"{value!r:.60} is no whole number")
    return str(value)


def _numbers(column: pa.Array, name: str, limit: int) -> Ints:
    matching(column, _NUMBER, f"the {name} {{}} is no whole number")
    try:
        values = np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    except pa.ArrowInvalid as error:
        raise BadCellError(0, f"a {name} does not fit 64 bits: {error}") from error
    above = np.flatnonzero(values >= limit)
    if len(above):
        raise BadCellError(int(above[0]), f"the {name} {values[above[0]]} is too large")
    return values


def _joined(column: pa.Array) -> bytes:
    """The characters of all its texts, side by side."""
    _, offsets, characters = column.buffers()
    if not len(column) or characters is None:
        return b""
    width = np.int64 if pa.types.is_large_string(column.type) else np.int32
    at = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1]
    return bytes(memoryview(characters)[int(at[0]) : int(at[-1])])
