"""A chain in memory, for tests: the `Source` whose blocks, logs and forks are written by hand."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from fusion.chain.client import Block
from fusion.chain.contract import Event, LogRef
from fusion.chain.deployment import Deployment

ANYWHERE = LogRef(block_number=0, log_index=0, block_hash="", tx_hash="", tx_index=0, address="")
TREASURY = "0x" + "7e" * 20
STAKE_TOKEN = "0x" + "57" * 20


def maker(kind: type[Event]) -> str:
    """The address of the contract that makes such events."""
    return "0x" + sha256(kind.__module__.encode()).hexdigest()[:40]


class _Ledger:
    def treasury(self) -> str:
        return TREASURY


class _Staking:
    def token(self) -> str:
        return STAKE_TOKEN


class ScriptedChain:
    """Blocks from 0, which is the deployment's; one block every second."""

    def __init__(self) -> None:
        self.deployment = Deployment(chain_id=1, contracts={"MockUSD": "0x" + "11" * 20}, block=0, hash="scripted")
        self.ledger = _Ledger()
        self.staking = _Staking()
        self._blocks: list[Block] = []
        self._events: list[list[Event]] = []
        self._made = 0
        self.mine()

    def mine(self, events: Sequence[Event] = ()) -> Block:
        """Adds a block with these events; their `log` is set."""
        self._made += 1
        parent = self._blocks[-1].hash if self._blocks else "0x" + "00" * 32
        number = len(self._blocks)
        digest = "0x" + sha256(f"{parent} {number} {self._made}".encode()).hexdigest()
        self._blocks.append(Block(number=number, hash=digest, parent=parent, timestamp=1_700_000_000 + number))
        self._events.append([replace(event, log=self._log(index, event)) for index, event in enumerate(events)])
        return self._blocks[-1]

    def drop(self, depth: int) -> None:
        """Forgets the newest `depth` blocks; what is mined next is another branch."""
        del self._blocks[len(self._blocks) - depth :]
        del self._events[len(self._events) - depth :]

    def head(self) -> Block:
        return self._blocks[-1]

    def block(self, number: int) -> Block | None:
        return self._blocks[number] if number < len(self._blocks) else None

    def blocks(self, first: int, last: int) -> list[Block]:
        return self._blocks[first : last + 1]

    def events(self, first: int, last: int) -> list[Event]:
        return [event for block in self._events[first : last + 1] for event in block]

    def _log(self, index: int, event: Event) -> LogRef:
        block = self._blocks[-1]
        tx = "0x" + sha256(f"{block.hash} {index}".encode()).hexdigest()
        return LogRef(
            block_number=block.number,
            log_index=index,
            block_hash=block.hash,
            tx_hash=tx,
            tx_index=index,
            address=maker(type(event)),
        )
