"""The job spec: what a requester pays for and every operator runs, as deterministic CBOR."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.errors import BadInput, FusionError
from sandbox.code import Limits

Setting = int | float | bool | str

MAX_SPEC = 4_096  # bytes; JobMarket refuses more
MAX_ROWS = 64  # ports, and settings
MAX_NAME = 64  # characters
MAX_TEXT = 1_024  # characters of a text setting
MAX_FUEL = 10**13  # wasm instructions; JobMarket refuses more
MAX_MEMORY = 2**32  # bytes: all that wasm32 can address
MAX_OUTPUT = 2**30  # bytes


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One run, said completely: equal specs give equal outcomes on every operator.

    Attributes:
        version: id of the version in ModuleRegistry.
        inputs: port -> root of the table directory whose column it takes.
        settings: keyword-only settings of the module.
        limits: fuel, memory and output that the run may use.
        image: id of the sandbox image, 32 bytes.
        seed: seeds the guest's random numbers; it does not depend on the job id.

    Raises:
        BadInput: a value out of its range; also on what `decode` is given.
    """

    version: int
    inputs: Mapping[str, Cid] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    image: bytes = bytes(32)
    seed: int = 0

    def __post_init__(self) -> None:
        _whole("version", self.version, 1, 2**64 - 1)
        _whole("seed", self.seed, 0, 2**64 - 1)
        _whole("limits.fuel", self.limits.fuel, 1, MAX_FUEL)
        _whole("limits.memory", self.limits.memory, 1, MAX_MEMORY)
        _whole("limits.output", self.limits.output, 1, MAX_OUTPUT)
        if not isinstance(self.image, bytes) or len(self.image) != 32:
            raise BadInput(f"the job spec's image is {self.image!r}: give the 32 bytes of an image id")
        for what, rows in (("inputs", self.inputs), ("settings", self.settings)):
            if len(rows) > MAX_ROWS:
                raise BadInput(f"the job spec has {len(rows)} {what}: give at most {MAX_ROWS}")
            for name in rows:
                _check_name(what, name)
        for port, cid in self.inputs.items():
            if cid != Cid.directory(cid.digest):
                raise BadInput(f"input {port!r} is {cid}, not a directory: give the root CID of a table")
        for name, value in self.settings.items():
            _check_setting(name, value)

    def encode(self) -> bytes:
        """The spec as it stands in the `Posted` log; its keccak256 is the job's `specHash`."""
        data = dcbor.encode(
            {
                "version": self.version,
                "inputs": {port: cid.digest for port, cid in self.inputs.items()},
                "settings": dict(self.settings),
                "limits": {"fuel": self.limits.fuel, "memory": self.limits.memory, "output": self.limits.output},
                "image": self.image,
                "seed": self.seed,
            }
        )
        if len(data) > MAX_SPEC:
            raise BadInput(f"the job spec takes {len(data)} bytes: shorten its settings to fit {MAX_SPEC}")
        return data

    @classmethod
    def decode(cls, data: bytes) -> "JobSpec":
        """Reads a spec that anyone may have posted: strict, and equal bytes for equal specs."""
        if len(data) > MAX_SPEC:
            raise BadInput(f"the job spec takes {len(data)} bytes: at most {MAX_SPEC} are read")
        try:
            fields = dcbor.decode(data)
        except FusionError as error:
            raise BadInput(f"the job spec is no deterministic CBOR: {error}") from error
        row = _keys("job spec", fields, {"version", "inputs", "settings", "limits", "image", "seed"})
        limits = _keys("limits", row["limits"], {"fuel", "memory", "output"})
        spec = cls(
            version=_integer("version", row["version"]),
            inputs={port: _directory(port, digest) for port, digest in _mapping("inputs", row["inputs"]).items()},
            settings={name: _setting(name, value) for name, value in _mapping("settings", row["settings"]).items()},
            limits=Limits(
                fuel=_integer("limits.fuel", limits["fuel"]),
                memory=_integer("limits.memory", limits["memory"]),
                output=_integer("limits.output", limits["output"]),
            ),
            image=_bytes("image", row["image"]),
            seed=_integer("seed", row["seed"]),
        )
        if spec.encode() != data:
            raise BadInput("the job spec is not in its shortest form: encode it with JobSpec.encode")
        return spec


def _whole(what: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise BadInput(f"the job spec's {what} is {value!r}: give an integer from {least} to {most}")


def _check_name(what: str, name: str) -> None:
    if len(name) > MAX_NAME or not name.isidentifier():
        raise BadInput(
            f"the job spec's {what} name {name[:MAX_NAME]!r}: give a Python name of at most {MAX_NAME} characters"
        )


def _check_setting(name: str, value: Setting) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"setting {name!r} is {value}: give a finite number")
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise BadInput(f"setting {name!r} is {value}: give an integer of 64 bits")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise BadInput(f"setting {name!r} has {len(value)} characters: give at most {MAX_TEXT}")


def _mapping(what: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise BadInput(f"the job spec's {what} is a {type(value).__name__}: give a map with text keys")
    return value


def _keys(what: str, value: object, names: set[str]) -> dict[str, object]:
    row = _mapping(what, value)
    if row.keys() != names:
        raise BadInput(f"the {what} has the keys {sorted(row)[:8]}: give {sorted(names)}")
    return row


def _integer(what: str, value: object) -> int:
    if type(value) is not int:
        raise BadInput(f"the job spec's {what} is {str(value)[:64]!r}: give an integer")
    return value


def _bytes(what: str, value: object) -> bytes:
    if not isinstance(value, bytes):
        raise BadInput(f"the job spec's {what} is a {type(value).__name__}: give bytes")
    return value


def _directory(port: str, value: object) -> Cid:
    digest = _bytes(f"input {port[:MAX_NAME]!r}", value)
    if len(digest) != 32:
        raise BadInput(f"input {port[:MAX_NAME]!r} has {len(digest)} bytes: give the 32 of a directory's digest")
    return Cid.directory(digest)


def _setting(name: str, value: object) -> Setting:
    if not isinstance(value, bool | int | float | str):
        raise BadInput(f"setting {name[:MAX_NAME]!r} is a {type(value).__name__}: give a number, a truth value or text")
    return value
