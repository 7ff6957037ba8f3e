"""Unsigned LEB128 numbers, as protobuf, CIDs and CARs write them."""

from fusion.errors import ContentError


def encode(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def decode(data: bytes, start: int = 0) -> tuple[int, int]:
    """The number at `start` and the offset behind it; raises ContentError when it is cut short or above 64 bits."""
    number = 0
    for index in range(10):
        if start + index >= len(data):
            raise ContentError(f"a number at byte {start} is cut short")
        byte = data[start + index]
        number |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if number >= 1 << 64:
                break
            return number, start + index + 1
    raise ContentError(f"a number at byte {start} has more than 64 bits")
