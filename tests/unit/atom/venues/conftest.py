"""What tests of several venues share."""

import lzma
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest


@pytest.fixture
def plain() -> Callable[[Path], Iterator[Any]]:
    """The messages of a recorded file, read without any code of the project."""

    def reads(path: Path) -> Iterator[Any]:
        with lzma.open(path, "rt") as lines:
            for line in lines:
                stamp, _, body = line.partition(": ")
                if re.fullmatch(r"(https?://\S+ -> )?\d+(\.\d+)?", stamp):
                    yield orjson.loads(body)

    return reads
