"""Ask: what a node tells of a pool and its tokens."""

from typing import Final

from atom.onchain.pools import Pool, Token, lower, token
from fusion.chain.rpc import Rpc, RpcError
from fusion.errors import BadInput

# First four bytes of the Keccak-256 of `token0()` and so on
_TOKENS: Final = ("0x0dfe1681", "0xd21220a7")
_DECIMALS, _SYMBOL = "0x313ce567", "0x95d89b41"
_WORD: Final = 32


def ask_pool(rpc: Rpc, address: str) -> Pool:
    """A pool by what its contract and those of its tokens say now.

    Raises:
        BadInput: there is no pool of two tokens at that address.
        ChainUnavailable: the endpoint does not answer.
    """
    try:
        place = lower(address)
    except ValueError as error:
        raise BadInput(str(error)) from error
    chain = int(rpc.call("eth_chainId"), 16)
    first, second = (address_of(view(rpc, place, selector)) for selector in _TOKENS)
    if first is None or second is None:
        raise BadInput(f"{place} on chain {chain} is no pool: it tells of no two tokens")
    return Pool(place, chain, ask_token(rpc, first), ask_token(rpc, second))


def ask_token(rpc: Rpc, address: str) -> Token:
    """A token by what its contract says now; BadInput where there is none."""
    decimals = view(rpc, address, _DECIMALS)
    if len(decimals) != _WORD:
        raise BadInput(f"the token {address} does not tell its decimals")
    try:
        return token(address, _text(view(rpc, address, _SYMBOL)), int.from_bytes(decimals, "big"))
    except ValueError as error:
        raise BadInput(f"the token {address}: {error}") from error


def view(rpc: Rpc, address: str, selector: str) -> bytes:
    """What a view returns; nothing where there is no such view."""
    try:
        answer = rpc.call("eth_call", {"to": address, "data": selector}, "latest")
        return bytes.fromhex(str(answer).removeprefix("0x"))
    except (RpcError, ValueError):
        return b""


def address_of(word: bytes) -> str | None:
    """The address that a view returned, or None."""
    whole = len(word) == _WORD and not any(word[:12]) and any(word)
    return "0x" + word[12:].hex() if whole else None


def _text(answer: bytes) -> str:
    """A symbol, as text or, in some old tokens, as 32 bytes."""
    if len(answer) == _WORD:
        return answer.rstrip(b"\0").decode("ascii", "replace")
    size = int.from_bytes(answer[_WORD : 2 * _WORD], "big")
    return answer[2 * _WORD :][: min(size, _WORD)].decode("ascii", "replace")
