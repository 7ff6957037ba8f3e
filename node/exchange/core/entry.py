"""Entry: a way into kernels that takes numbers alone, so that a call from Python costs a fifth of a microsecond.

numba looks at every array of every argument when Python calls a kernel: 25 microseconds for a market and a ledger. A
kernel that is given the address of a `Table` instead opens the arrays itself:

    open_market = opener(state.market(rules))             # once, in a module: what such a table holds

    @jit
    def orders(table: int, side: int) -> int:             # `table` is the `address` of a Table
        market = open_market(table)                       # a Market, as if it had been an argument
        return market.top[U(side)]

    table = Table(open_market, exchange.markets[0])       # once an object that keeps it
    orders(table.address, 0)                              # 0.2 us
    table.hold(exchange.markets[0])                       # after arrays have grown: the address stays

What is open goes from kernel to kernel as one number (see `core.opened`), where a tuple of ten arrays is seventy that
are pushed at every call: a kernel that is given a market from a table runs nearly twice as fast.

Kernels that Python calls with numbers (and at most one array) are compiled once a machine and kept on disk like any
other; what a table holds is part of what their kept form is known by. An address is good for as long as its table
lives, and the table keeps its arrays. Numbers must be plain ones: a member of an enumeration, or a float, has the
kernel compiled once more; `operator.index` makes what they are or refuses them.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import intrinsic

from node.exchange.core import opened
from node.exchange.core.opened import DIMENSIONS, WORDS, Opened

_LOOKED_UP = sha256(Path(opened.__file__).read_bytes()).hexdigest()
"""How arrays are looked up: a kernel that looked them up in another way is compiled anew."""
_Arrays = TypeVar("_Arrays", bound=NamedTuple)


def _type_of(arrays: NamedTuple) -> Any:
    return numba.typeof(arrays)  # type: ignore[no-untyped-call]  # numba's


class Opener(Generic[_Arrays]):
    """What opens tables of one kind; in a kernel it is called with a table's address and gives the arrays."""

    kind: Any
    """The arrays' type as numba knows it."""

    def __call__(self, table: int) -> _Arrays:
        """Arrays of a table; in kernels alone."""
        raise NotImplementedError


def opener(example: _Arrays) -> Opener[_Arrays]:
    """A way to open tables of arrays that are of these types; a named tuple of arrays, and each lies in one piece."""
    kind = _type_of(example)

    def opening(_typing: Any, _table: Any) -> Any:  # numba hands in its own objects
        return Opened(kind)(types.int64), _address

    opening.__name__ = f"opened {kind} by {_LOOKED_UP}"  # what a kernel's kept form is known by
    made: Any = intrinsic(opening)
    made.kind = kind
    kept: Opener[_Arrays] = made
    return kept


def _address(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
    return arguments[0]


class Table(Generic[_Arrays]):
    """Where a named tuple of arrays lies.

    Attributes:
        address: what kernels are given; the same for as long as the table lives.
    """

    def __init__(self, opens: Opener[_Arrays], arrays: _Arrays) -> None:
        self._kind, self._arrays = opens.kind, arrays
        self._check(arrays)
        self._words = np.zeros((len(arrays), WORDS), np.int64)
        self.address = int(self._words.ctypes.data)
        for row, array in zip(self._words, arrays, strict=True):
            _point(row, array)

    def hold(self, arrays: _Arrays) -> None:
        """Points at these arrays from now on, and keeps them.

        Raises:
            TypeError: they are of other types than those the table is for.
        """
        if len(arrays) != len(self._arrays) or not all(map(_alike, arrays, self._arrays)):
            self._check(arrays)
        for row, array, held in zip(self._words, arrays, self._arrays, strict=True):
            if array is not held:
                _point(row, array)
        self._arrays = arrays

    def _check(self, arrays: _Arrays) -> None:
        if _type_of(arrays) != self._kind:
            raise TypeError(f"a table of {self._kind} cannot hold {_type_of(arrays)}")


def _point(row: npt.NDArray[np.int64], array: npt.NDArray[Any]) -> None:
    """Writes down where an array lies."""
    row[0], row[1 : 1 + array.ndim] = array.ctypes.data, array.shape
    row[1 + DIMENSIONS : 1 + DIMENSIONS + array.ndim] = array.strides


def _alike(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Whether two arrays are of one type for numba, which takes milliseconds to say so of a table of records."""
    if one is other:
        return True
    same = one.flags.c_contiguous == other.flags.c_contiguous and one.flags.writeable == other.flags.writeable
    return same and one.ndim == other.ndim and one.dtype == other.dtype
