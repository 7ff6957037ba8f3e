"""The template of a search: what the specs of its scoring jobs have in common, cut where the window's digest goes.

A scoring job's spec is deterministic CBOR that ends with its settings, so

    spec = pieces joined by the 32 bytes of the window's digest, once for each port, then the candidate

and the contract can tell the one spec that scores a candidate without reading CBOR. The candidate is the settings'
own bytes.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.errors import BadInput
from node.spec import JobSpec, Setting
from sandbox.code import Limits

MAX_PORTS = 16  # of a scorer; SearchMarket takes 17 pieces

_HOLE = hashlib.sha256(b"where the digest of a window goes").digest()
_NOTHING = dcbor.encode({})
_END = dcbor.encode("settings") + _NOTHING


@dataclass(frozen=True, slots=True)
class Template:
    """A spec without a window and without settings; `pieces` as SearchMarket takes them."""

    pieces: tuple[bytes, ...]

    @classmethod
    def of(cls, version: int, ports: Collection[str], *, limits: Limits, image: bytes, seed: int) -> "Template":
        """The template of a scorer whose ports are all fed from the window.

        Raises:
            BadInput: no port or more than 16 of them, or a value that no spec can have.
        """
        if not 0 < len(ports) <= MAX_PORTS:
            raise BadInput(f"version {version} has {len(ports)} ports: a scorer has 1 to {MAX_PORTS}")
        spec = JobSpec(version, dict.fromkeys(ports, Cid.directory(_HOLE)), {}, limits, image, seed).encode()
        if not spec.endswith(_END):
            raise BadInput("a job spec ends with its settings no longer: searches of this version cannot be posted")
        return cls(tuple(spec.removesuffix(_NOTHING).split(_HOLE)))

    def spec(self, window: Cid, candidate: bytes) -> JobSpec:
        """The spec that scores a candidate on a window; BadInput where the pieces or the candidate are none."""
        return JobSpec.decode(window.digest.join(self.pieces) + candidate)

    def blank(self) -> JobSpec:
        """The spec without a candidate; its inputs' CIDs mean nothing.

        Raises:
            BadInput: a stranger's pieces make no spec, or one with settings or other inputs of its own.
        """
        spec = self.spec(Cid.directory(_HOLE), _NOTHING)
        if any(cid.digest != _HOLE for cid in spec.inputs.values()):
            raise BadInput("the search feeds its scorer from another table than the window; solve another search")
        return spec


def encode_candidate(settings: Mapping[str, Setting]) -> bytes:
    """Settings as a solver commits to them: deterministic CBOR."""
    return dcbor.encode(dict(settings))
