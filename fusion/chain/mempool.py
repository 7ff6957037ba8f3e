"""Handing one signed transaction to a node, and what the node's refusals mean."""

from enum import Enum, auto

from fusion.chain.rpc import Rpc, RpcError


class Answer(Enum):
    """What became of a transaction that was offered."""

    TAKEN = auto()  # the node has it, now or already
    NONCE_USED = auto()  # another of its nonce was included, or the node waits for it no more
    NONCE_OFFERED = auto()  # another of its nonce is waiting, and offers as much
    CHEAP = auto()  # the fees are below what the node or the next block asks
    NO_ETHER = auto()  # the account cannot pay for it


# Each node words them its own way; the first line that fits is meant.
_WORDS = (
    (Answer.TAKEN, ("already known", "already imported", "known transaction", "already exists")),
    (Answer.NONCE_OFFERED, ("replacement", "could not replace")),
    (Answer.NONCE_USED, ("nonce too low", "nonce has already been used", "invalid nonce")),
    (Answer.CHEAP, ("less than block base fee", "underpriced", "fee too low", "feetoolow")),
    (Answer.NO_ETHER, ("insufficient funds", "lack of funds")),
)


def offer(rpc: Rpc, raw: bytes) -> Answer:
    """Offers a signed transaction once.

    Raises:
        ChainUnavailable: it may have arrived. The same bytes again cannot be included twice.
        RpcError: refused, for a reason of another kind.
    """
    try:
        rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
    except RpcError as fault:
        answer = meaning(fault)
        if answer is None:
            raise
        return answer
    return Answer.TAKEN


def meaning(fault: RpcError) -> Answer | None:
    """What a refusal says of a transaction; None when it is of another kind."""
    said = fault.reason.lower()
    return next((answer for answer, words in _WORDS if any(word in said for word in words)), None)


def reverts(fault: RpcError) -> bool:
    """Whether a simulation ended so because the contract refused, and not because the node could not tell."""
    return bool(fault.data) or "revert" in fault.reason.lower()
