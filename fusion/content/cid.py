"""The content identifier: what a block is called, everywhere."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Self

from fusion.content import varint
from fusion.errors import BadInput, ContentError

DAG_PB = 0x70
RAW = 0x55

_CODECS = (DAG_PB, RAW)
_SHA2_256 = b"\x12\x20"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LENGTH_V1 = 36
_LENGTH_V0 = 34


@dataclass(frozen=True, slots=True, order=True)
class Cid:
    """A CIDv1 with a sha2-256 digest (https://github.com/multiformats/cid).

    Attributes:
        codec: how the block is read: `DAG_PB` (0x70, a file's or folder's node) or `RAW` (0x55, plain bytes).
        digest: sha2-256 of the block, 32 bytes.
    """

    codec: int
    digest: bytes

    def __post_init__(self) -> None:
        if self.codec not in _CODECS:
            raise BadInput(f"CID codec {self.codec:#x} is not known; use dag-pb (0x70) or raw (0x55)")
        if len(self.digest) != 32:
            raise BadInput(f"a CID's digest has 32 bytes, this one has {len(self.digest)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `bafy...`, `bafk...` or the older `Qm...`; raises BadInput on anything else."""
        data = _multibase(text)
        if data is None:
            raise BadInput(f"{_shown(text)} is not a CID; one looks like bafy... (59 characters)")
        try:
            return cls.from_bytes(data)
        except ContentError as error:
            raise BadInput(f"{_shown(text)} is not a CID that can be used: {error}") from None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Reads the binary form, version 0 or 1; raises ContentError on any other."""
        if len(data) == _LENGTH_V0 and data.startswith(_SHA2_256):
            return cls(DAG_PB, data[2:])
        if len(data) == _LENGTH_V1 and data[0] == 1 and data[1] in _CODECS and data[2:4] == _SHA2_256:
            return cls(data[1], data[4:])
        raise ContentError(f"CID {data[:40].hex()} is none of version 0 or 1 with dag-pb or raw and sha2-256")

    @classmethod
    def directory(cls, digest: bytes) -> Self:
        """The folder whose 32 digest bytes the chain keeps."""
        return cls(DAG_PB, digest)

    @classmethod
    def of_block(cls, codec: int, data: bytes) -> Self:
        return cls(codec, hashlib.sha256(data).digest())

    def check(self, data: bytes) -> None:
        """Raises ContentError unless `data` is the block of this CID."""
        if hashlib.sha256(data).digest() != self.digest:
            raise ContentError(f"{len(data)} bytes do not match {self}: they were altered")

    def __bytes__(self) -> bytes:
        return varint.encode(1) + varint.encode(self.codec) + _SHA2_256 + self.digest

    def __str__(self) -> str:
        return "b" + base64.b32encode(bytes(self)).decode().rstrip("=").lower()


def _multibase(text: str) -> bytes | None:
    """The bytes of the one canonical spelling in base32 or base58, else None."""
    if text.startswith("b") and len(text) == 59 and text.isascii() and text == text.lower():
        try:
            data = base64.b32decode(text[1:].upper() + "=" * 6)
        except binascii.Error:
            return None
        spelled = "b" + base64.b32encode(data).decode().rstrip("=").lower()
        return data if spelled == text else None
    if text.startswith("Qm") and len(text) == 46 and all(letter in _BASE58 for letter in text):
        number = 0
        for letter in text:
            number = number * 58 + _BASE58.index(letter)
        return number.to_bytes(_LENGTH_V0, "big") if number < 1 << 8 * _LENGTH_V0 else None
    return None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
