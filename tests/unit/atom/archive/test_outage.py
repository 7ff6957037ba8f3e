"""While a connection is down nobody is sure, however well the others go on."""

import pytest

from atom.archive.outage import AFTER, BEFORE, outages
from atom.events import Status, StatusKind


@pytest.mark.parametrize(
    ("told", "spans"),
    [
        ("c1", [(BEFORE, 1)]),
        ("c1 d5 c8", [(BEFORE, 1), (5, 8)]),
        ("c1 c2 d5 c8", [(BEFORE, 1), (BEFORE, 2), (5, 8)]),
        ("c1 c2 d5 d6 c8 c9", [(BEFORE, 1), (BEFORE, 2), (5, 8), (6, 9)]),
        ("c1 d5", [(BEFORE, 1), (5, AFTER)]),
        ("c1 d5 n6 n7 c8", [(BEFORE, 1), (5, 8)]),
        ("n1 n2 c3", [(1, 3)]),
        ("c1 x4 c6 c7", [(BEFORE, 1), (4, 6), (4, 7)]),
        ("p3", [(3, 3)]),
        ("g3", []),
    ],
)
def test_from_its_end_until_one_begins(told, spans):
    kinds = {"c": "connect", "d": "disconnect", "n": "disconnect", "x": "crash", "p": "parse_error", "g": "gap"}
    status = [
        Status(StatusKind(kinds[one[0]]), int(one[1:]), None, "no connection: refused" if one[0] == "n" else "")
        for one in told.split()
    ]
    assert [(one.start, one.end) for one in outages(status)] == spans
