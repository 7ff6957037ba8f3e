"""Flows of a token through addresses that somebody has labelled: Fund Flow Ratio and NFR."""

import csv
import re
from collections.abc import Iterable, Mapping
from math import nan
from typing import Final, NamedTuple

import numpy as np

from atom.metrics.definition import UNDEFINED, Definition, Group, Parameter
from atom.metrics.flow import ratio
from atom.metrics.order import Columns, table
from atom.onchain.logs import Logs
from fusion.errors import BadInput

_ADDRESS: Final = re.compile("0x[0-9a-fA-F]{40}")
_TRANSFER: Final = np.void(bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"))
_HOUR: Final = 3_600 * 10**9
_COLUMNS: Final = ("address", "owner")
_FLOWS: Final = "; a transfer from one address of an owner to another of the same is no flow"

TRANSFERS: Final = Group(
    "transfers",
    "Fund Flow Ratio",
    "atom.metrics.FundFlow",
    "one row for each period with a transfer, once a later one has come",
    (
        Definition("inflow", "token", "sum of what came to labelled addresses" + _FLOWS, "CryptoQuant", ("period",)),
        Definition("outflow", "token", "sum of what left labelled addresses" + _FLOWS, "CryptoQuant", ("period",)),
        Definition("transferred", "token", "sum of all transfers of the token", "CryptoQuant", ("period",)),
        Definition(
            "fund_flow_ratio",
            "1",
            "(inflow + outflow) / transferred; a transfer from one owner to another is both",
            "CryptoQuant, Fund Flow Ratio",
            ("period",),
            null="where nothing was transferred",
        ),
        Definition(
            "nfr",
            "1",
            "net flow ratio: (inflow - outflow) / (inflow + outflow)",
            UNDEFINED,
            ("period",),
            null="where nothing flowed",
        ),
    ),
    (
        Parameter("labels", "none", "a CSV with the columns address, owner", "1", "who owns which address"),
        Parameter("decimals", "18", "0 to 77", "1", "of the token"),
        Parameter("period", str(_HOUR), "above 0", "ns", "length of a period, counted from 1970 UTC"),
    ),
)


class Transfer(NamedTuple):
    """One transfer of a token.

    Attributes:
        ts: time of its block, ns.
        sender, recipient: addresses.
        amount: in the token's smallest unit.
    """

    ts: int
    sender: str
    recipient: str
    amount: int


def read_labels(text: str) -> dict[str, str]:
    """Owners by address, of a CSV with the columns address and owner.

    Raises:
        BadInput: a column is missing, a line is not whole, or an address has two owners.
    """
    rows = csv.DictReader(text.splitlines())
    if not set(_COLUMNS) <= set(rows.fieldnames or ()):
        raise BadInput(
            f"labels are a CSV with the columns {', '.join(_COLUMNS)}, not {', '.join(rows.fieldnames or ())}"
        )
    owners: dict[str, str] = {}
    for row in rows:
        address, owner = ((row[name] or "").strip() for name in _COLUMNS)
        if not address or not owner:
            raise BadInput(f"line {rows.line_num} of the labels lacks an address or its owner")
        if owners.setdefault(address.lower(), owner) != owner:
            raise BadInput(f"line {rows.line_num} of the labels gives {address} a second owner, {owner}")
    return owners


def transfers_of(logs: Logs, token: str) -> list[Transfer]:
    """The transfers of one token among raw logs, in their order: `Transfer(address, address, uint256)` of ERC-20.

    Raises:
        BadInput: `token` is no address, or a log of it does not tell the time of its block.
    """
    if not _ADDRESS.fullmatch(token):
        raise BadInput(f"a token is an address, 0x and 40 hexadecimal digits, not {token[:60]!r}")
    of_token = logs.address == np.void(bytes.fromhex(token[2:]))
    rows = np.flatnonzero(of_token & (logs.topics[:, 0] == _TRANSFER) & (logs.count == 3) & (logs.lengths == 32))
    if not np.all(logs.ts[rows]):
        raise BadInput(f"a log of {token} does not tell the time of its block")
    giver, taker = ([f"0x{bytes(topic)[-20:].hex()}" for topic in logs.topics[rows, place]] for place in (1, 2))
    amounts = (int.from_bytes(payload.tobytes(), "big") for payload in logs.payload(rows, 32))
    return [Transfer(*told) for told in zip(logs.ts[rows].tolist(), giver, taker, amounts, strict=True)]


class FundFlow:
    """Flows of one token.

    Args:
        owners: who owns an address, by address; see `read_labels`.
        decimals: of the token.
        period: ns, counted from 1970 UTC.
    """

    def __init__(self, owners: Mapping[str, str], *, decimals: int = 18, period: int = _HOUR) -> None:
        if period <= 0 or not 0 <= decimals <= 77:  # 10**77 is the largest power in 256 bits
            raise BadInput(f"a period is above 0 ns and decimals are 0 to 77, not {period} and {decimals}")
        self._owners = {address.lower(): owner for address, owner in owners.items()}
        self._unit = 10**decimals
        self._period = period
        self._end = 0
        self._sums = [0, 0, 0]

    def update(self, transfers: Iterable[Transfer]) -> Columns:
        """Columns ts (the period's end), inflow, outflow, transferred, fund_flow_ratio and nfr."""
        told = []
        for transfer in transfers:
            if transfer.ts >= self._end:
                if self._end:
                    told.append((self._end, *self._told()))
                self._end = (transfer.ts // self._period + 1) * self._period
                self._sums = [0, 0, 0]
            giver, taker = (self._owners.get(each.lower()) for each in (transfer.sender, transfer.recipient))
            self._sums[2] += transfer.amount
            if giver != taker:
                self._sums[0] += transfer.amount * (taker is not None)
                self._sums[1] += transfer.amount * (giver is not None)
        return table(("inflow", "outflow", "transferred", "fund_flow_ratio", "nfr"), told)

    def _told(self) -> tuple[float, ...]:
        inflow, outflow, everything = self._sums
        both = inflow + outflow
        net = (inflow - outflow) / both if both else nan
        return (*(each / self._unit for each in self._sums), ratio(float(both), float(everything)), net)
