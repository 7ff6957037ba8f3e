"""Entry: what numbers open in a kernel is what Python holds, also after it has grown, and never something else."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from atom.book.freshness import _constant
from node.exchange.core import entry
from node.exchange.core.compiled import jit
from node.exchange.core.entry import Table, opener

PAIR = np.dtype([("small", "<i4"), ("large", "<i8")])


class Shelf(NamedTuple):
    pairs: npt.NDArray[Any]
    cube: npt.NDArray[np.int64]
    words: npt.NDArray[np.uint64]


def shelf(many: int) -> Shelf:
    pairs = np.zeros(many, PAIR)
    pairs["small"], pairs["large"] = np.arange(many), 10 * np.arange(many)
    return Shelf(pairs, np.arange(many * 6).reshape(many, 3, 2), np.zeros((2, many), np.uint64))


open_shelf = opener(shelf(1))


@jit
def look(table: int, at: int) -> tuple[int, int, int, int]:
    opened = open_shelf(table)
    opened.words[1, at] = np.uint64(at)
    return len(opened.pairs), opened.pairs[at].large, opened.cube[at, 2, 1], opened.cube.shape[0]


def test_a_kernel_sees_the_arrays_and_what_took_their_place() -> None:
    first = shelf(4)
    table = Table(open_shelf, first)
    address = table.address
    assert look(address, 3) == (4, 30, first.cube[3, 2, 1], 4)
    assert first.words[1].tolist() == [0, 0, 0, 3]
    more = shelf(50)
    table.hold(more)
    assert table.address == address
    assert look(address, 49) == (50, 490, more.cube[49, 2, 1], 50)
    assert more.words[1, 49] == 49


def test_a_table_keeps_its_arrays_alive() -> None:
    table = Table(open_shelf, shelf(1000))  # nobody else holds them
    [np.ones(5000) for _ in range(100)]
    assert look(table.address, 999) == (1000, 9990, 999 * 6 + 5, 1000)


@pytest.mark.parametrize(
    "other",
    [
        shelf(2)._replace(pairs=np.zeros(2, np.int64)),
        shelf(2)._replace(cube=np.zeros((2, 3, 2), np.int32)),
        shelf(2)._replace(cube=np.zeros((2, 3), np.int64)),
        shelf(4)._replace(cube=shelf(4).cube[::2]),
        shelf(2)._replace(words=np.zeros((2, 2), np.int64)),
    ],
)
def test_a_table_refuses_arrays_of_another_kind(other: Shelf) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        Table(open_shelf, shelf(2)).hold(other)


def test_what_a_table_holds_is_part_of_what_a_kernels_kept_form_is_known_by() -> None:
    wider = opener(Shelf(np.zeros(1, [*PAIR.descr, ("more", "<i8")]), *shelf(1)[1:]))
    assert _constant(("open_shelf", open_shelf)) is not None
    assert _constant(("open_shelf", open_shelf)) != _constant(("open_shelf", wider))


def test_how_arrays_are_looked_up_is_part_of_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_LOOKED_UP", "in another way")
    assert _constant(("open_shelf", open_shelf)) != _constant(("open_shelf", opener(shelf(1))))


def test_so_are_constants_that_are_numbers_of_numpy() -> None:
    assert _constant(("TICKS", np.uint64(1))) != _constant(("TICKS", np.uint64(2)))
