"""The spec codec against whatever bytes a requester may post."""

from hypothesis import example, given
from hypothesis import strategies as st

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.errors import BadInput
from node.spec import JobSpec
from sandbox.code import Limits

names = st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True)
values = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)
specs = st.builds(
    JobSpec,
    version=st.integers(1, 2**64 - 1),
    inputs=st.dictionaries(names, st.binary(min_size=32, max_size=32).map(Cid.directory), max_size=5),
    settings=st.dictionaries(names, values, max_size=5),
    limits=st.builds(Limits, fuel=st.integers(1, 10**13), memory=st.integers(1, 2**32), output=st.integers(1, 2**30)),
    image=st.binary(min_size=32, max_size=32),
    seed=st.integers(0, 2**64 - 1),
)
plain = st.recursive(
    st.none() | values | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)
keys = ("version", "inputs", "settings", "limits", "image", "seed")


@given(specs)
def test_a_spec_survives_its_encoding(spec: JobSpec) -> None:
    data = spec.encode()
    assert JobSpec.decode(data) == spec
    assert JobSpec.decode(data).encode() == data


@given(st.binary(max_size=300))
@example(b"")
def test_any_bytes_are_refused_in_one_way(data: bytes) -> None:
    _read(data)


@given(st.fixed_dictionaries(dict.fromkeys(keys, plain)) | plain)
def test_any_value_is_refused_in_one_way(value: object) -> None:
    _read(dcbor.encode(value))


@given(specs, st.data())
def test_a_flipped_bit_never_gives_the_same_spec(spec: JobSpec, data: st.DataObject) -> None:
    encoded = bytearray(spec.encode())
    position = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[position // 8] ^= 1 << position % 8
    assert _read(bytes(encoded)) != spec


def _read(data: bytes) -> JobSpec | None:
    """The spec, or None where it is refused in the one way that a caller expects."""
    try:
        spec = JobSpec.decode(data)
    except BadInput:
        return None
    assert spec.encode() == data
    return spec
