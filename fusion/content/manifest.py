"""`module.toml`: what a module says of itself."""

import keyword
import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from fusion.content.cid import DAG_PB, Cid
from fusion.errors import BadInput, BundleError

FILE = "module.toml"
MAX_MANIFEST = 64 * 1024

# https://semver.org, version 2.0.0
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRE = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?", re.ASCII
)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", re.ASCII)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or keyword.iskeyword(text):
        raise ValueError(f"{_shown(text)} is not a module's name; use up to 64 of a-z, 0-9 and _, a letter first")
    return text


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text) or keyword.iskeyword(text):
        raise ValueError(f"{_shown(text)} is not a Python identifier of up to 64 ASCII letters, digits and _")
    return text


def _version(text: str) -> str:
    if len(text) > 64 or not _SEMVER.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a semantic version; write it like 1.0.0")
    return text


def _line(text: str) -> str:
    if not text.strip() or len(text) > 300 or not text.isprintable():
        raise ValueError(f"{_shown(text)} is not one line of 1 to 300 printable characters")
    return text


def _package(text: str) -> str:
    if not _PACKAGE.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a package's name")
    return text


def _cid(value: object) -> Cid:
    if isinstance(value, Cid):
        return value
    if not isinstance(value, str):
        raise ValueError(f'{_shown(value)} is not a CID; write it as text, like "bafy..."')
    try:
        cid = Cid.parse(value)
    except BadInput as error:
        raise ValueError(str(error)) from None
    if cid.codec != DAG_PB:
        raise ValueError(f"{_shown(value)} names a file; a module's CID names a folder and begins with bafy")
    return cid


Name = Annotated[str, AfterValidator(_name)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Semver = Annotated[str, AfterValidator(_version)]
Line = Annotated[str, AfterValidator(_line)]
Package = Annotated[str, AfterValidator(_package)]


class Requirement(BaseModel):
    """Another module that this one imports.

    Attributes:
        name: how it is imported: `from requires import <name>`.
        version: the version it was written against.
        cid: the folder of exactly that version; needed to publish and to run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Name
    version: Semver
    cid: Annotated[Cid | None, BeforeValidator(lambda value: None if value is None else _cid(value))] = None


class Manifest(BaseModel):
    """The content of `module.toml`.

    Attributes:
        name: the module's name.
        version: semantic version.
        entry: the function in `module.py` that is decorated with `@module`.
        summary: one line.
        license: how the code may be used, an SPDX expression where one fits.
        inputs: port -> what it takes.
        outputs: port -> what it gives.
        requires: the modules it imports, sorted by name.
        native: packages it needs that have machine code; such a module is never attested.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Name
    version: Semver
    entry: Identifier
    summary: Line
    license: Line
    inputs: dict[Identifier, Line]
    outputs: dict[Identifier, Line] = Field(min_length=1)
    requires: tuple[Requirement, ...] = ()
    native: tuple[Package, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Reads a manifest; raises BundleError with one line that names the key."""
        if len(text) > MAX_MANIFEST:
            raise BundleError(f"{FILE} has {len(text)} bytes; at most {MAX_MANIFEST} are read")
        try:
            document = tomllib.loads(text.decode())
        except UnicodeDecodeError as error:
            raise BundleError(f"{FILE}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
        except RecursionError:
            raise BundleError(f"{FILE}: values are nested too deeply") from None
        except ValueError as error:  # TOMLDecodeError, and numbers too long to read
            raise BundleError(f"{FILE} is not TOML: {' '.join(str(error).split())}") from None
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise BundleError(f"{FILE}: {_told(error, document)}") from None

    @field_validator("requires", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """`[requires] ema = {version = ...}` as a sorted tuple of requirements."""
        if isinstance(value, tuple):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(f"{_shown(value)} should be a table")
        for name, terms in value.items():
            if not isinstance(terms, Mapping):
                raise ValueError(f'{name}: {_shown(terms)} should be like {{version = "1.0.0", cid = "bafy..."}}')
            if "name" in terms:
                raise ValueError(f"{name}: unknown key 'name'; the key before the = is the name")
        return tuple({**terms, "name": name} for name, terms in sorted(value.items()))

    @field_validator("native", mode="before")
    @classmethod
    def _tuple(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


_EXPECTED = {
    "string_type": "text in quotes",
    "dict_type": "a table",
    "tuple_type": "a list",
    "model_type": "a table",
}


def _told(error: ValidationError, document: Mapping[str, object]) -> str:
    """One fault in one line: the key, the value, what to do. A misspelt key comes before the one it leaves missing."""
    faults = error.errors(include_url=False)
    fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
    where = _where(fault["loc"], document)
    match fault["type"]:
        case "missing":
            return f"{where} is missing; add it"
        case "extra_forbidden":
            return f"unknown key {where!r}; remove it or correct its name"
        case "too_short":
            return f"{where} is empty; name at least one port"
        case "value_error":
            return f"{where}: {fault['ctx']['error']}"
        case kind if kind in _EXPECTED:
            return f"{where}: {_shown(fault['input'])} should be {_EXPECTED[kind]}"
    return f"{where}: {_shown(fault['input'])}: {fault['msg']}"


def _where(location: tuple[int | str, ...], document: Mapping[str, object]) -> str:
    """The key as it is written in the file: requirements are read as a list, but written as a table."""
    parts = [part for part in location if part != "[key]"]
    requires = document.get("requires")
    if len(parts) > 1 and parts[0] == "requires" and isinstance(parts[1], int) and isinstance(requires, dict):
        parts[1] = sorted(requires)[parts[1]]
    return ".".join(str(part) for part in parts)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
