"""What the sandbox's tests share: a runtime over the prepared image, and modules from source text."""

from collections.abc import Callable
from textwrap import dedent

import numpy as np
import pytest

from fusion.content.unixfs import directory_cid
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.outcome import ModuleError, Result
from sandbox.runtime import Runtime

HEAD = "import numpy as np\nimport pandas as pd\nfrom fusion.sdk import Floats, Ints, module\n\n"
X = np.arange(5.0)

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


@pytest.fixture(scope="session")
def value(runtime: Runtime) -> Callable[..., list[float]]:
    """The output `value` of a module `f(x)` on 0, 1, 2, 3, 4."""

    def found(module: ModuleCode, seed: int = 0) -> list[float]:
        outcome = runtime.run(module, {"x": X}, {}, seed=seed)
        assert isinstance(outcome, Result), outcome
        return outcome.outputs["value"].tolist()

    return found


@pytest.fixture(scope="session")
def error(runtime: Runtime) -> Callable[[ModuleCode], ModuleError]:
    """The error of a module `f(x)` on the same input."""

    def found(module: ModuleCode) -> ModuleError:
        outcome = runtime.run(module, {"x": X}, {}, limits=Limits(fuel=2 * 10**9))
        assert isinstance(outcome, ModuleError), outcome
        assert outcome.attestable
        return outcome

    return found
