"""What a contract returned when it refused, told by name."""

from collections.abc import Mapping
from enum import Enum

from fusion.chain.contract import ErrorAbi, decode
from fusion.chain.rpc import one_line
from fusion.errors import ContractRefused, FusionError

_REASON = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_PANICS = {  # docs.soliditylang.org, "Panic via assert and Error via require"
    0x01: "an assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division by zero",
    0x21: "a value outside its enum",
    0x22: "storage wrongly encoded",
    0x31: "pop of an empty array",
    0x32: "an index outside its array",
    0x41: "too much memory",
    0x51: "a call of an empty function",
}
_PLAIN = {  # what newcomers meet first, in words
    "ERC20InsufficientBalance": "{sender} holds {balance} base units of the token and needs {needed}",
    "ERC20InsufficientAllowance": "{spender} may spend {allowance} base units of the token and needs {needed}",
    "NotAuthor": "{caller} is not the author, and only the author may do that",
    "UnknownVersion": "there is no version {versionId}; give the number that `fusion module publish` printed",
    "ERC2612ExpiredSignature": "the permit was good until chain time {deadline}",
}


def refused(what: str, data: bytes, *tables: Mapping[bytes, ErrorAbi], reason: str = "") -> ContractRefused:
    """The error for `what` (a call's name), from the bytes it reverted with; the first table that knows it names it.

    `reason` is the node's own words, used when there are no bytes to decode.
    """
    kind, data = data[:4], data[4:]
    try:
        if kind == _REASON:
            text = one_line(str(decode(["string"], data)[0]))
            return ContractRefused(f"{what} was refused: {text}", error="Error", arguments={"message": text})
        if kind == _PANIC:
            code = int(decode(["uint256"], data)[0])
            text = _PANICS.get(code, f"code {code:#x}")
            return ContractRefused(f"{what} failed inside: {text}", error="Panic", arguments={"code": code})
    except (FusionError, ValueError):
        return ContractRefused(f"{what} was refused with a reason that does not decode", error="Error")
    for table in tables:
        if kind in table:
            return _custom(what, table[kind], data)
    if kind:
        return ContractRefused(f"{what} was refused with an unknown error 0x{kind.hex()}", error="0x" + kind.hex())
    return ContractRefused(f"{what} was refused without a reason ({reason or 'reverted'})", error="Error")


def _custom(what: str, abi: ErrorAbi, data: bytes) -> ContractRefused:
    try:
        arguments = abi.arguments(data)
    except (FusionError, ValueError):
        return ContractRefused(f"{what} was refused: {abi.name}, with arguments that do not decode", error=abi.name)
    if abi.name in _PLAIN:
        told = f"{_PLAIN[abi.name].format(**arguments)} ({abi.name})"
    else:
        told = f"{abi.name}({', '.join(f'{name}={_told(value)}' for name, value in arguments.items())})"
    return ContractRefused(f"{what} was refused: {told}", error=abi.name, arguments=arguments)


def _told(value: object) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str) and not value.isprintable():
        return repr(value)  # others chose it: no line may break here
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
