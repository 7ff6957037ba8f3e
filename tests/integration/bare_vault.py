"""GMX's contracts as bare code: each answers a call with the word that was put there for it."""

from fusion.chain.anvil import Anvil
from fusion.chain.contract import keccak, selector

MANAGER, VAULT, GLP, USDG, USDC, WAVAX = ("0x" + digit * 40 for digit in "123456")

_ANSWER = "36600060003736600020546000526020" + "6000f3"  # storage at the hash of the call's data

CALLS = {
    "aum": (MANAGER, "getAum(bool)"),
    "told_price": (MANAGER, "getPrice(bool)"),
    "short_average": (MANAGER, "getGlobalShortAveragePrice(address)"),
    "whitelisted": (VAULT, "whitelistedTokens(address)"),
    "stable": (VAULT, "stableTokens(address)"),
    "weight": (VAULT, "tokenWeights(address)"),
    "price": (VAULT, "getMaxPrice(address)"),
    "pool": (VAULT, "poolAmounts(address)"),
    "reserved": (VAULT, "reservedAmounts(address)"),
    "guaranteed": (VAULT, "guaranteedUsd(address)"),
    "usdg": (VAULT, "usdgAmounts(address)"),
    "short_size": (VAULT, "globalShortSizes(address)"),
}


def install(anvil: Anvil) -> None:
    """Puts the contracts on a chain, without a state yet."""
    for address in (MANAGER, VAULT, GLP, USDG, USDC, WAVAX):
        anvil.rpc.call("anvil_setCode", address, "0x" + _ANSWER)
    for name, address in (("vault()", VAULT), ("glp()", GLP), ("usdg()", USDG)):
        put(anvil, MANAGER, name, int(address, 16))
    put(anvil, VAULT, "allWhitelistedTokensLength()", 2)
    for index, (token, symbol, decimals) in enumerate(((USDC, b"USDC", 6), (WAVAX, b"WAVAX", 18))):
        put(anvil, VAULT, "allWhitelistedTokens(uint256)", int(token, 16), index)
        put(anvil, token, "symbol()", int.from_bytes(symbol.ljust(32, b"\0"), "big"))
        put(anvil, token, "decimals()", decimals)


def put(anvil: Anvil, contract: str, signature: str, value: int, *arguments: int) -> None:
    """What a contract answers to a call from now on."""
    data = selector(signature) + b"".join(argument.to_bytes(32, "big") for argument in arguments)
    anvil.rpc.call("anvil_setStorageAt", contract, "0x" + keccak(data).hex(), f"0x{value:064x}")
