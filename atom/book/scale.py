"""Scale: a book in finer ticks and lots."""

import numpy as np

from atom.book.engine import PRICE, REST, SIZE, Arrays


def rescale(book: Arrays, prices: int, sizes: int) -> None:
    """The same book in ticks and lots so many times finer; OverflowError where it does not fit 64 bits then."""
    for side, count in enumerate(book.counts):
        held = book.levels[book.slots[side, :count]]
        for field, finer in ((PRICE, prices), (SIZE, sizes)):
            if int(np.abs(held[:, field]).max(initial=0)) * finer >= 2**63:
                raise OverflowError(f"a book does not fit 64 bits in steps that are {finer} times finer")
    book.keys[:] *= prices
    book.levels[:, PRICE] *= prices
    book.levels[:, SIZE] *= sizes
    book.orders[:, REST] *= sizes
