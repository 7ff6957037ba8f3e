from dataclasses import replace

import numpy as np
import pytest

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.content.table import read_table
from fusion.content.unixfs import directory_blocks, directory_cid
from fusion.errors import ContentError
from sandbox.code import Limits, ModuleCode
from sandbox.encoding import MAX_DOCUMENT, TABLE_CHUNK, decode, encode, run_digest
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result

RUN = bytes(range(32))


def code(text: bytes, **requires: ModuleCode) -> ModuleCode:
    return ModuleCode(directory_cid({"module.py": text}), {"module.py": text}, "f", requires)


def test_a_small_result_is_in_its_document() -> None:
    outcome = Result({"value": np.array([1.5, np.nan]), "n": np.array([3, -4])}, fuel=5)
    encoded = encode(outcome, RUN)
    assert encoded.files is None
    read = decode(encoded.document)
    assert (read.kind, read.run, read.table) == ("Result", RUN, None)
    np.testing.assert_array_equal(read.outputs["value"], [1.5, np.nan])
    assert read.outputs["n"].tolist() == [3, -4]


@pytest.mark.parametrize("rows", [505, 511, 512, 513, 10_000])
def test_a_large_result_is_a_table(rows: int) -> None:
    outcome = Result({"value": np.arange(float(rows))}, fuel=5)
    encoded = encode(outcome, RUN)
    assert len(encoded.document) <= MAX_DOCUMENT
    read = decode(encoded.document)
    if encoded.files is None:
        assert len(read.outputs["value"]) == rows
    else:
        assert read.table == directory_cid(encoded.files, chunk=TABLE_CHUNK)
        assert read_table(encoded.files)["value"].tolist() == outcome.outputs["value"].tolist()


def test_every_block_of_a_result_fits_in_a_transaction() -> None:
    files = encode(Result({"value": np.arange(60_000.0)}, fuel=5), RUN).files
    assert files is not None
    blocks = [block for _, block in directory_blocks(files, chunk=TABLE_CHUNK)]
    assert max(map(len, blocks)) == TABLE_CHUNK
    assert sum(map(len, blocks)) > 7 * TABLE_CHUNK


def test_equal_numbers_have_one_encoding() -> None:
    odd_nan = np.array([0x7FF8000000000001, 0x8000000000000000], np.uint64).view(np.float64)
    assert encode(Result({"v": odd_nan}, 1), RUN) == encode(Result({"v": np.array([np.nan, 0.0])}, 2), RUN)


def test_an_error_is_its_type_and_lines_alone() -> None:
    outcome = ModuleError("ValueError", (3, 9), "module.py:9: ValueError: 1", 77)
    encoded = encode(outcome, RUN)
    assert dcbor.decode(encoded.document) == {"kind": "ModuleError", "run": RUN, "error": "ValueError", "lines": [3, 9]}
    assert encode(replace(outcome, message="other", fuel=0), RUN) == encoded
    read = decode(encoded.document)
    assert (read.kind, read.error, read.lines) == ("ModuleError", "ValueError", (3, 9))


def test_a_limit_is_its_name() -> None:
    read = decode(encode(LimitHit("output"), RUN).document)
    assert (read.kind, read.which) == ("LimitHit", "output")


@pytest.mark.parametrize("outcome", [LimitHit("memory"), LimitHit("deadline"), Refused("no"), NoVote("no")])
def test_what_may_differ_elsewhere_is_not_attested(outcome: Outcome) -> None:
    assert not outcome.attestable
    with pytest.raises(ValueError, match="is not attested"):
        encode(outcome, RUN)


@pytest.mark.parametrize(
    "outcome",
    [
        Result({"value": np.array([1.0])}, 0, native=True),
        ModuleError("ValueError", (3,), "", 0, native=True),
        LimitHit("fuel", native=True),
        LimitHit("output", native=True),
    ],
)
def test_what_ran_natively_is_never_attested(outcome: Outcome) -> None:
    assert not outcome.attestable
    with pytest.raises(ValueError, match="of a native run is not attested"):
        encode(outcome, RUN)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff",
        dcbor.encode({"kind": "Refused", "run": RUN}),
        dcbor.encode({"kind": "Result", "run": RUN}),
        dcbor.encode({"kind": "Result", "run": RUN, "table": b"short"}),
        dcbor.encode({"kind": "Result", "run": RUN, "outputs": {"v": ["<f8", b"1234567"]}}),
        dcbor.encode({"kind": "Result", "run": RUN, "outputs": {"v": ["<f4", bytes(8)]}}),
        dcbor.encode({"kind": "Result", "run": RUN, "outputs": {"v": 3}}),
        dcbor.encode({"kind": "ModuleError", "run": RUN, "error": "E", "lines": ["1"]}),
        dcbor.encode({"kind": "ModuleError", "run": RUN, "error": "E", "lines": [True]}),
        dcbor.encode({"kind": "LimitHit", "run": RUN, "which": "memory"}),
        dcbor.encode({"kind": "LimitHit", "run": RUN, "which": "fuel", "more": 1}),
        dcbor.encode({"kind": "LimitHit", "run": RUN, "which": "x" * MAX_DOCUMENT}),
    ],
)
def test_other_documents_are_refused(document: bytes) -> None:
    with pytest.raises(ContentError):
        decode(document)


def test_a_run_is_named_by_all_that_is_run() -> None:
    base, other = code(b"base"), code(b"other")
    module = code(b"top", up=base)
    column, image = Cid.directory(bytes(32)), bytes(32)

    def digest(
        run: ModuleCode = module,
        inputs: dict[str, Cid] | None = None,
        settings: dict[str, int | float | bool | str] | None = None,
        limits: Limits = Limits(),  # noqa: B008
        seed: int = 0,
        image: bytes = image,
    ) -> bytes:
        return run_digest(
            run,
            {"x": column} if inputs is None else inputs,
            {"k": 1} if settings is None else settings,
            limits=limits,
            seed=seed,
            image=image,
        )

    variants = [
        digest(),
        digest(replace(module, requires={"up": other})),
        digest(replace(module, requires={"down": base})),
        digest(replace(module, requires={"up": code(b"base", deep=other)})),
        digest(replace(module, entry="g")),
        digest(code(b"top2", up=base)),
        digest(inputs={"y": column}),
        digest(inputs={"x": Cid.directory(bytes([1]) * 32)}),
        digest(settings={"k": 2}),
        digest(settings={"k": 1.0}),
        digest(settings={"k": True}),
        digest(limits=Limits(fuel=1)),
        digest(seed=1),
        digest(image=bytes([1]) * 32),
    ]
    assert len(set(variants)) == len(variants)
    assert all(len(variant) == 32 for variant in variants)
    assert digest() == digest()
