"""What stays secret until it is revealed, in private files: written before anything is sent, so no crash loses it."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from fusion.chain.account import write_secret
from fusion.errors import BadInput


@dataclass(frozen=True)
class Kept:
    """A commitment's opening. Hashes, salts and bytes are hexadecimal digits.

    Attributes:
        commitment: what stands on chain, and the file's name.
    """

    commitment: str

    def save(self, folder: Path) -> Path:
        """Keeps it in a private file."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{self.commitment}.json"
        write_secret(path, json.dumps(asdict(self), indent=2) + "\n")
        return path

    @classmethod
    def all_in(cls, folder: Path) -> Iterator[Self]:
        """Those of a folder; BadInput names a file that is none."""
        for path in sorted(folder.glob("*.json")):
            try:
                yield cls(**json.loads(path.read_text()))
            except (ValueError, TypeError) as error:
                raise BadInput(f"{path} is no {cls.__name__.lower()}: {error}") from error
