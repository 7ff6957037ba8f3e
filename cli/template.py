"""The module that `fusion module new` starts an author with."""

from keyword import iskeyword
from pathlib import Path

from fusion.errors import BadInput

MANIFEST = """\
name = "{name}"
version = "0.1.0"
entry = "{name}"
summary = "How far the middle price is from its own recent average"
license = "Apache-2.0"

[inputs]
bid = "Best bid, in quote currency"
ask = "Best ask, in quote currency"

[outputs]
value = "Middle price less its trailing mean, in quote currency"
"""

CODE = '''\
"""How far the middle price is from its own recent average."""

import numpy as np

from fusion.sdk import Floats, module


@module
def {name}(bid: Floats, ask: Floats, *, window: int = 50) -> Floats:
    """Middle price less its trailing mean over `window` rows; the first rows average what there is."""
    middle = (bid + ask) / 2
    rows = np.arange(1, middle.size + 1)
    total = np.cumsum(middle)
    before = np.concatenate([np.zeros(min(window, middle.size)), total[:-window]])
    return middle - (total - before) / np.minimum(rows, window)
'''


def write(parent: Path, name: str) -> Path:
    """Writes a new module's folder; BadInput when the name is no identifier or the folder is there."""
    if not name.isascii() or not name.isidentifier() or name != name.lower() or iskeyword(name):
        raise BadInput(
            f"{name!r} cannot name a module: use lower-case letters, digits and _, and no word of Python's own"
        )
    folder = parent / name
    try:
        folder.mkdir()
    except FileExistsError:
        raise BadInput(f"{folder} is there already; choose another name") from None
    except OSError as error:
        raise BadInput(f"cannot make {folder}: {error.strerror}") from None
    (folder / "module.toml").write_text(MANIFEST.format(name=name))
    (folder / "module.py").write_text(CODE.format(name=name))
    return folder
