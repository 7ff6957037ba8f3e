"""Messages over a socket between the operator and its sandbox process, each of a stated size and within a time.

A message is `u64 length | u64 length | header | body`. Neither end trusts the other's lengths: what is longer than the
reader allows is refused before it is read.
"""

import socket
import struct
import time

import numpy as np

from fusion.errors import ContentError
from sandbox.frame import Parts

_LENGTHS = struct.Struct(">QQ")


class Channel:
    """One end of a socket pair.

    Raises:
        OSError: the other end is gone, or, as TimeoutError, the time is over.
        EOFError: the other end is closed.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    def send(self, header: bytes, parts: Parts = (), *, until: float | None = None) -> None:
        """Sends one message; its body is `parts`, joined.

        Args:
            until: in this machine's monotonic time, None for ever.
        """
        for part in (_LENGTHS.pack(len(header), sum(map(len, parts))), header, *parts):
            self._limit(until)
            self._socket.sendall(part)

    def receive(self, *, header: int, body: int, until: float | None = None) -> tuple[bytes, memoryview]:
        """Header and body of one message.

        Args:
            header, body: bytes that they may have.
            until: in this machine's monotonic time, None for ever.

        Raises:
            ContentError: it is larger.
        """
        sizes = _LENGTHS.unpack(self._read(_LENGTHS.size, until))
        for what, size, most in zip(("header", "body"), sizes, (header, body), strict=True):
            if size > most:
                raise ContentError(f"a message has a {what} of {size} bytes: at most {most} are read")
        return bytes(self._read(sizes[0], until)), self._read(sizes[1], until)

    def shut(self) -> None:
        """Wakes whoever sends or receives at this end; safe from another thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other end is gone, and nobody waits for it

    def close(self) -> None:
        self._socket.close()

    def _read(self, size: int, until: float | None) -> memoryview:
        data = np.empty(size, np.uint8).data
        rest = data
        while rest:
            self._limit(until)
            count = self._socket.recv_into(rest)
            if not count:
                raise EOFError("the other end is closed")
            rest = rest[count:]
        return data.toreadonly()

    def _limit(self, until: float | None) -> None:
        left = None if until is None else until - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("the time for a message is over")
        self._socket.settimeout(left)
