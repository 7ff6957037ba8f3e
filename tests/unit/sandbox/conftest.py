"""What the sandbox's tests share: a runtime over the prepared image, and modules from source text."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from fusion.content.unixfs import directory_cid
from sandbox.code import ModuleCode
from sandbox.image import Image
from sandbox.runtime import Runtime

HEAD = "import numpy as np\nimport pandas as pd\nfrom fusion.sdk import Floats, Ints, module\n\n"
HEAD_LINES = HEAD.count("\n")

Write = Callable[..., ModuleCode]
Body = Callable[[str], ModuleCode]


@pytest.fixture(scope="session")
def runtime(image: Image) -> Runtime:
    return Runtime(image)


@pytest.fixture(scope="session")
def write() -> Write:
    """A module from the text of `module.py` and other files."""

    def written(
        source: str, entry: str = "f", files: dict[str, str] | None = None, **requires: ModuleCode
    ) -> ModuleCode:
        texts = {"module.py": HEAD + dedent(source), **(files or {})}
        contents = {path: text.encode() for path, text in texts.items()}
        return ModuleCode(directory_cid(contents), contents, entry, requires)

    return written


@pytest.fixture(scope="session")
def body(write: Write) -> Body:
    """A module `f(x)` from the statements of its body; the first is on line 7 of the file."""

    def written(statements: str) -> ModuleCode:
        indented = "".join(f"    {line}\n" for line in dedent(statements).strip().splitlines())
        return write(f"@module\ndef f(x: Floats) -> Floats:\n{indented}")

    return written
