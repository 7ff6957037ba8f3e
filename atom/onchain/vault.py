"""Vault: the state of GMX v1's pool at every so many blocks, as a source of its past.

It is asked of the contracts as they were at each block, so the node must keep old states. Prices are the vault's upper
ones (`getMaxPrice`), and AUM and price of a share are what its GlpManager makes of them: those at which GLP is bought.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from atom.events import Events, Flag, Rows, empty
from atom.instrument import Instrument
from atom.onchain import words
from atom.onchain.ask import address_of, ask_token, view
from atom.onchain.decode import arrival
from atom.onchain.gmx import GMX, USD, pool_share
from atom.onchain.pools import Token, lower
from atom.onchain.source import patient
from atom.recording import Recording
from fusion.chain.contract import selector
from fusion.chain.logs import Piece
from fusion.chain.rpc import Rpc
from fusion.errors import BadInput, FusionError

EVERY: Final = 100  # blocks
_MOST: Final = 64  # tokens of a vault

_OF_TOKEN: Final = {
    "whitelisted": "whitelistedTokens(address)",
    "stable": "stableTokens(address)",
    "weight": "tokenWeights(address)",
    "price": "getMaxPrice(address)",
    "pool": "poolAmounts(address)",
    "reserved": "reservedAmounts(address)",
    "guaranteed": "guaranteedUsd(address)",
    "usdg": "usdgAmounts(address)",
    "short_size": "globalShortSizes(address)",
    "short_average": "getGlobalShortAveragePrice(address)",  # of the GlpManager
}
_OF_POOL: Final = {"aum": "getAum(bool)", "told_price": "getPrice(bool)"}
_SUPPLIES: Final = ("supply", "usdg_supply")
_WORDS: Final = ("price", "pool", "reserved", "guaranteed", "usdg", "short_size", "short_average")


class Vault:
    """GMX v1's pool.

    Args:
        rpc: the node.
        address: of its GlpManager.
        every: blocks from one state to the next; those that it divides are read.

    Raises:
        BadInput: there is no GlpManager at the address.
        ChainUnavailable: the endpoint does not answer.
    """

    def __init__(self, rpc: Rpc, address: str, *, every: int = EVERY) -> None:
        self._rpc = rpc
        self._every = every
        try:
            self._manager = lower(address)
        except ValueError as error:
            raise BadInput(str(error)) from error
        chain = int(patient(lambda: rpc.call("eth_chainId")), 16)
        self.instrument: Instrument = pool_share(chain)
        self._vault, glp, usdg = (self._named(name) for name in ("vault()", "glp()", "usdg()"))
        self._tokens = self._listed()
        self._calls = [(self._manager, _call(name, 1)) for name in _OF_POOL.values()]
        self._calls += [(token, _call("totalSupply()")) for token in (glp, usdg)]
        for token in self._tokens:
            for name, signature in _OF_TOKEN.items():
                of = self._manager if name == "short_average" else self._vault
                self._calls.append((of, _call(signature, int(token.address, 16))))

    @property
    def notes(self) -> str:
        """A name for what is noted of it."""
        return f"{GMX}@{self._manager}@{self._every}"

    def pieces(self, first: int, last: int) -> Iterator[Piece]:
        """The states of those blocks of `first` to `last` that `every` divides.

        Raises:
            RpcError: the node does not keep the state of so old a block.
            ChainUnavailable: it does not answer.
        """
        while first <= last:
            end = min(first + self._every - first % self._every - 1, last)
            facts: list[Mapping[str, Any]] = []
            if first % self._every == 0:
                at = hex(first)
                header, *told = self._rpc.batch(
                    [
                        ("eth_getBlockByNumber", (at, False)),
                        *(("eth_call", ({"to": to, "data": data}, at)) for to, data in self._calls),
                    ]
                )
                if header is None:
                    return
                if told[0] != "0x":  # else there was no pool yet
                    facts = [{"blockNumber": at, "blockHash": header["hash"], "told": told}]
            yield Piece(first, end, facts)
            first = end + 1

    def recording(self, facts: Sequence[Mapping[str, Any]]) -> Recording:
        """States as events; FusionError where the contracts answer with something else."""
        table = np.concatenate([empty("pool_state"), *map(self._rows, facts)])
        more = {"pool_state": table} if len(table) else {}
        events = Events(self.instrument, empty("book"), empty("trade"), empty("quote"), more=more)
        return Recording(events, messages=len(facts), unexplained=0, trades=0, gaps=0)

    def _rows(self, fact: Mapping[str, Any]) -> Rows:
        block, second = int(fact["blockNumber"], 16), int(fact["blockTimestamp"], 16)
        try:
            told = [int(answer, 16) for answer in fact["told"]]
            pool = dict(zip((*_OF_POOL, *_SUPPLIES), told, strict=False))
            rest = np.array(told[len(pool) :], object).reshape(len(self._tokens), len(_OF_TOKEN))
            rows = empty("pool_state", len(self._tokens))
            for index, name in enumerate(_OF_TOKEN):
                if name in _WORDS:
                    rows[name] = words.from_ints(rest[:, index])
                elif name == "stable":
                    rows[name] = rest[:, index].astype(np.bool_)
                elif name == "weight":
                    rows[name] = rest[:, index].astype(np.int64)
            for name in ("aum", *_SUPPLIES):
                rows[name] = words.from_ints([pool[name]] * len(rows))
        except (ValueError, OverflowError) as error:
            raise FusionError(
                f"the contracts of {self._manager} answer at block {block} as none of GMX v1 do"
            ) from error
        rows["ts_event"] = second * 10**9
        rows["ts_recv"] = arrival(rows["ts_event"], np.full(len(rows), block))
        rows["sequence"] = block
        rows["flags"] = Flag.NO_ARRIVAL
        rows["token"] = [token.symbol.encode()[:16] for token in self._tokens]
        rows["decimals"] = [token.decimals for token in self._tokens]
        rows["told_price"] = pool["told_price"] / USD
        rows = rows[rest[:, 0].astype(np.bool_)]
        rows["flags"][-1:] |= np.uint16(Flag.LAST)
        return rows

    def _named(self, name: str) -> str:
        found = address_of(patient(lambda: view(self._rpc, self._manager, _call(name))))
        if found is None:
            raise BadInput(f"{self._manager} is no GlpManager of GMX v1: it tells no {name}")
        return found

    def _listed(self) -> list[Token]:
        """All tokens that the vault ever had."""
        answer = patient(lambda: view(self._rpc, self._vault, _call("allWhitelistedTokensLength()")))
        count = int.from_bytes(answer, "big")
        if len(answer) != words.BYTES or not 0 < count <= _MOST:
            raise BadInput(f"the vault {self._vault} has {count} tokens; want 1 to {_MOST}")
        found = []
        for index in range(count):
            call = _call("allWhitelistedTokens(uint256)", index)
            address = address_of(patient(lambda: view(self._rpc, self._vault, call)))  # noqa: B023  # called at once
            if address is None:
                raise BadInput(f"the vault {self._vault} does not tell its token {index}")
            found.append(patient(lambda: ask_token(self._rpc, address)))  # noqa: B023  # likewise
        return found


def _call(signature: str, *arguments: int) -> str:
    return "0x" + selector(signature).hex() + "".join(f"{argument:064x}" for argument in arguments)
