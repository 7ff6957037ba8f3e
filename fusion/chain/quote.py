"""What a call would cost now, and whether it would pass: one round trip before each signing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fusion.chain.fees import ASKED, Market
from fusion.chain.mempool import Answer, meaning, reverts
from fusion.chain.rpc import Rpc, RpcError
from fusion.errors import BadInput, FusionError

SPARE_GAS = 100_000


@dataclass(frozen=True, slots=True)
class Quote:
    """A node's view of an account and a call.

    Attributes:
        nonce: the account's next.
        block: number of the newest block.
        market: what gas costs.
        balance: of the account, in wei.
        gas: the limit to send with; 0 where that is not known.
        fault: why it is not: the call would revert, or the node cannot tell.
    """

    nonce: int
    block: int
    market: Market
    balance: int
    gas: int
    fault: RpcError | None

    @property
    def refusal(self) -> RpcError | None:
        """What the call would revert with."""
        return self.fault if self.fault is not None and reverts(self.fault) else None


def quote(rpc: Rpc, chain_id: int, address: str, request: Mapping[str, Any], at: Literal["pending", "latest"]) -> Quote:
    """Asks with all that is waiting before it (`pending`), or as if nothing were (`latest`).

    Raises:
        BadInput: the chain has no base fee, or the account has less ether than the call is to carry.
        ChainUnavailable, RpcError: the node cannot tell.
    """
    call = {"from": address, "data": "0x" + request["data"].hex(), "value": hex(request["value"])}
    if request.get("to"):
        call["to"] = request["to"]
    nonce, balance, gas, block, *tips = rpc.batch_with_faults(
        [
            ("eth_getTransactionCount", [address, at]),
            ("eth_getBalance", [address, "latest"]),
            # The pending block has the number and the time that the transaction will meet.
            ("eth_estimateGas", [call, at]),
            *ASKED,
        ]
    )
    if isinstance(block, dict) and "baseFeePerGas" not in block:
        raise BadInput(
            f"chain {chain_id} has no base fee: Fusion sends transactions of type 2 (EIP-1559) alone; "
            "choose a chain that takes them"
        )
    if isinstance(gas, RpcError) and meaning(gas) is Answer.NO_ETHER:
        raise no_ether(chain_id, address, balance, request["value"])
    fault = gas if isinstance(gas, RpcError) else None
    for answer in (nonce, block, balance) if fault else (gas, nonce, block, balance):
        if isinstance(answer, FusionError):
            raise answer
    # Beside a quarter, room for a few more slots: others may change the state that the estimate was made on.
    limit = 0 if fault else min(int(gas, 16) * 5 // 4 + SPARE_GAS, int(block["gasLimit"], 16))
    return Quote(
        nonce=int(nonce, 16),
        block=int(block["number"], 16),
        market=Market.told(block, *tips),
        balance=int(balance, 16),
        gas=limit,
        fault=fault,
    )


def no_ether(chain_id: int, address: str, balance: object, needed: int) -> BadInput:
    """The error of an account that cannot pay `needed` wei, where that is known."""
    held = int(balance, 16) if isinstance(balance, str) else balance if isinstance(balance, int) else 0
    wants = f"; this transaction may cost up to {needed / 1e18:.6f}" if needed else ""
    return BadInput(
        f"{address} has too little ether for gas: {held / 1e18:.6f} on chain {chain_id}{wants}; send it some"
    )
