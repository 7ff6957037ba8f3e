"""A pool and its tokens as bare code: it tells its tokens, and makes the logs that it is told to make."""

from collections.abc import Sequence

from fusion.chain.anvil import Anvil

POOL, USDC, WETH = ("0x" + digit * 40 for digit in "abc")

_SIZE = "6080 36 03"  # of the call's data after four words
_COPY = f"{_SIZE} 6080 6000 37"
_RETURN_WORD = "6000 52 6020 6000 f3"
_SELECTOR = "6000 35 60e0 1c"
_TOPICS = "6060 35 6040 35 6020 35 6000 35"


def install(anvil: Anvil) -> None:
    """Puts the contracts on a chain."""
    codes = {POOL: _pool(), USDC: _token("USDC", 6), WETH: _token("WETH", 18)}
    for address, code in codes.items():
        anvil.rpc.call("anvil_setCode", address, "0x" + code)


def emit(anvil: Anvil, topics: Sequence[str], data: str) -> None:
    """Has the pool make a log of three or four topics, in a transaction and block of its own."""
    (sender, *_) = anvil.rpc.call("eth_accounts")
    padded = "".join(topic.removeprefix("0x") for topic in topics).ljust(256, "0")
    call = {"from": sender, "to": POOL, "data": "0x" + padded + data.removeprefix("0x"), "gas": hex(10**6)}
    anvil.rpc.call("eth_sendTransaction", call)


def _pool() -> str:
    return _assembled(
        f"36 6004 14 @view 57 {_COPY} 6060 35 @four 57",
        f"{_TOPICS.removeprefix('6060 35 ')} {_SIZE} 6000 a3 00",
        f"four: {_TOPICS} {_SIZE} 6000 a4 00",
        f"view: {_SELECTOR} 630dfe1681 14 @first 57 73{WETH[2:]} {_RETURN_WORD}",
        f"first: 73{USDC[2:]} {_RETURN_WORD}",
    )


def _token(symbol: str, decimals: int) -> str:
    told = symbol.encode().hex().ljust(64, "0")
    return _assembled(
        f"{_SELECTOR} 63313ce567 14 @decimals 57",
        f"6020 6000 52 60{len(symbol):02x} 6020 52 7f{told} 6040 52 6060 6000 f3",
        f"decimals: 60{decimals:02x} {_RETURN_WORD}",
    )


def _assembled(*lines: str) -> str:
    """Bytes of code; `@name` pushes the place of the line that begins with `name:`, where a jump may end."""
    code, places, jumps = "", dict[str, int](), dict[int, str]()
    for line in lines:
        name, colon, rest = line.partition(":")
        if colon:
            places[name] = len(code) // 2
            code += "5b"
        for part in (rest if colon else line).split():
            if part.startswith("@"):
                jumps[len(code) + 2] = part[1:]
            code += "6000" if part.startswith("@") else part
    for at, name in jumps.items():
        code = code[:at] + f"{places[name]:02x}" + code[at + 2 :]
    return code
