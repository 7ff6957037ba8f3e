"""What ABIs leave out, read from the Solidity source: names of enum members, and what is said of enums and structs."""

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_ENUM = re.compile(r"\benum\s+(\w+)\s*\{([^}]*)\}")
_DOCUMENTED = re.compile(r"((?:^[ \t]*///[^\n]*\n)+)[ \t]*(?:enum|struct)\s+(\w+)", re.MULTILINE)
_CONTRACT = re.compile(r"^contract\s+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """`enums`: name -> members in order; `docs`: name -> NatSpec as lines; `contracts`: names of what is deployed."""

    enums: dict[str, tuple[str, ...]]
    docs: dict[str, tuple[str, ...]]
    contracts: tuple[str, ...]


def read(files: Iterable[Path]) -> Source:
    enums: dict[str, tuple[str, ...]] = {}
    docs: dict[str, tuple[str, ...]] = {}
    contracts: list[str] = []
    for file in sorted(files):
        text = file.read_text()
        bare = _COMMENT.sub("", text)
        for name, body in _ENUM.findall(bare):
            enums[name] = tuple(member.strip() for member in body.split(",") if member.strip())
        for comment, name in _DOCUMENTED.findall(text):
            docs[name] = natspec(comment)
        contracts += _CONTRACT.findall(bare)
    return Source(enums, docs, tuple(contracts))


def natspec(comment: str) -> tuple[str, ...]:
    """`/// @notice A. @param b C.` as ("A.", "b: C.")."""
    text = " ".join(comment.replace("///", " ").split())
    lines = []
    for part in re.split(r"\s*@(?=notice|dev|param)", text):
        tag, _, said = part.partition(" ")
        if tag == "param":
            name, _, meaning = said.partition(" ")
            lines.append(f"{snake(name)}: {meaning}")
        elif tag in ("notice", "dev"):
            lines.append(said)
        elif part:
            lines.append(part)
    return tuple(line for line in lines if line)


def snake(name: str) -> str:
    """`tokenURI` -> token_uri, `minRoyaltyPpm` -> min_royalty_ppm, `from` -> from_, `_data` -> data."""
    split = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name.strip("_"))
    lower = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", split).lower()
    return f"{lower}_" if keyword.iskeyword(lower) else lower


def upper(name: str) -> str:
    """Enum members as Python writes constants: `ModuleError` -> MODULE_ERROR, `None` -> NONE."""
    return snake(name).rstrip("_").upper()
