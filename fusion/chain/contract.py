"""What the generated bindings stand on: calls, views, events and custom errors of one contract."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import registry as default_registry
from eth_utils.address import is_hex_address, to_checksum_address
from eth_utils.crypto import keccak

from fusion.errors import BadInput, FusionError, NotReady

BlockTag = int | Literal["latest", "pending"]
AbiTuple = tuple[Any, ...]  # decoded values, in the order and of the types that the ABI names

# Anyone may put bytes that are no UTF-8 into a name on chain; such a log must not stop those who read it.
_untyped: Any = default_registry, StringDecoder
_registry = _untyped[0].copy()
_registry.unregister_decoder("string")
_registry.register_decoder("string", _untyped[1](handle_string_errors="replace"))
_codec = ABICodec(_registry)

checksum = to_checksum_address


def address(text: str, what: str) -> str:
    """The account that a person wrote, in EIP-55 form; BadInput when it is none, or a letter of it was mistyped."""
    if text.startswith("0x") and is_hex_address(text) and int(text, 16):
        spelled = str(checksum(text))
        if text in (spelled, spelled.lower()):
            return spelled
    raise BadInput(f"{what} is {text!r}: give an address of 0x and 40 hexadecimal digits, spelled as it was given")


@dataclass(frozen=True, slots=True, order=True)
class LogRef:
    """Where a log stands. Ordered as the chain orders logs."""

    block_number: int
    log_index: int
    block_hash: str = field(compare=False)
    tx_hash: str = field(compare=False)
    tx_index: int = field(compare=False)
    address: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a contract's writer, to be sent: `signature` is as in `contract`'s ABI."""

    to: str
    data: bytes
    signature: str
    contract: str

    @property
    def name(self) -> str:
        return f"{self.contract}.{self.signature.partition('(')[0]}"


@dataclass(frozen=True, slots=True)
class ErrorAbi:
    """A custom error: its name, and name, ABI type and enum (if it is one) of each argument."""

    name: str
    inputs: tuple[tuple[str, str, type | None], ...]

    def arguments(self, data: bytes) -> dict[str, object]:
        values = decode([kind for _, kind, _ in self.inputs], data)
        return {
            name: checksum(value) if kind == "address" else enum(value) if enum else value
            for (name, kind, enum), value in zip(self.inputs, values, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log. `INPUTS` are ABI type and whether it is indexed, in the order of the fields."""

    SIGNATURE: ClassVar[str]
    TOPIC: ClassVar[str]
    INPUTS: ClassVar[tuple[tuple[str, bool], ...]]

    log: LogRef = field(kw_only=True)

    @classmethod
    def from_abi(cls, values: AbiTuple, log: LogRef) -> Self:
        raise NotImplementedError

    @classmethod
    def decode(cls, topics: Sequence[str], data: str, log: LogRef) -> Self:
        """From a log's topics and data, both hexadecimal. Indexed strings and bytes are their keccak256."""
        rest = iter(decode([kind for kind, indexed in cls.INPUTS if not indexed], bytes.fromhex(data[2:])))
        topic = iter(topics[1:])
        values = [
            decode([kind], bytes.fromhex(next(topic)[2:]))[0] if indexed else next(rest) for kind, indexed in cls.INPUTS
        ]
        return cls.from_abi(tuple(values), log)


class Reader(Protocol):
    """Whoever can run a view: a chain."""

    def read(self, call: Call, block: BlockTag) -> bytes: ...


class Contract:
    """A contract at an address. Views read through `reader`; writers return a `Call` to send."""

    NAME: ClassVar[str]
    ARTIFACT: ClassVar[Path]
    EVENTS: ClassVar[Mapping[str, type[Event]]]
    ERRORS: ClassVar[Mapping[bytes, ErrorAbi]]

    def __init__(self, reader: Reader, address: str) -> None:
        self._reader = reader
        self.address = checksum(address)

    def __repr__(self) -> str:
        return f"{self.NAME}({self.address})"

    @classmethod
    def bytecode(cls) -> bytes:
        """Creation code without constructor arguments."""
        artifact = json.loads(cls.ARTIFACT.read_text())
        return bytes.fromhex(artifact["bytecode"][2:])

    @classmethod
    def _creation(cls, types: Sequence[str], *arguments: object) -> bytes:
        return cls.bytecode() + encode(f"{cls.NAME}({','.join(types)})", arguments)

    def _call(self, signature: str, *arguments: object) -> Call:
        data = selector(signature) + encode(signature, arguments, self.NAME)
        return Call(self.address, data, signature, self.NAME)

    def _view(self, signature: str, outputs: Sequence[str], block: BlockTag, *arguments: object) -> AbiTuple:
        call = self._call(signature, *arguments)
        answer = self._reader.read(call, block)
        if outputs and not answer:
            raise NotReady(
                f"no {self.NAME} at {self.address} on this chain; is the deployment of another chain? run `fusion up`"
            )
        return decode(outputs, answer)


@cache
def selector(signature: str) -> bytes:
    """First four bytes of the keccak256 of a signature like `quote(uint256)`."""
    return keccak(text=signature)[:4]


def encode(signature: str, arguments: Sequence[object], contract: str = "") -> bytes:
    """Arguments of `signature` in ABI encoding; BadInput when a value does not fit its type."""
    types = input_types(signature)
    try:
        return _codec.encode(types, [_plain(value) for value in arguments])
    except (EncodingError, ValueError, TypeError) as error:
        name = f"{contract}.{signature}" if contract else signature
        raise BadInput(f"{name} cannot take {arguments!r}: {' '.join(str(error).split())}") from error


def decode(types: Sequence[str], data: bytes) -> AbiTuple:
    """Values of ABI types; FusionError when the data is not of these types."""
    try:
        return _codec.decode(types, data)
    except (DecodingError, OverflowError) as error:
        raise FusionError(f"{len(data)} bytes from the chain are no ({','.join(types)}): {error}") from error


@cache
def input_types(signature: str) -> tuple[str, ...]:
    """Top-level types of `f(uint256,(address,uint64)[])`."""
    inner = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for index, character in enumerate(inner):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            types.append(inner[start:index])
            start = index + 1
    return (*types, inner[start:]) if inner else ()


def _plain(value: object) -> object:
    """Structs as tuples, deeply; all else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_plain(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
