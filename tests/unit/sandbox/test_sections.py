import wasmtime

from sandbox.sections import CODE, CUSTOM, functions, rebuilt, sections, signed32, unsigned

MODULE = bytes(
    wasmtime.wat2wasm(
        """(module
            (func $kept (export "kept") (result i32) i32.const 7)
            (func $dropped (export "dropped") (result i32) i32.const 8)
            (memory (export "memory") 1))"""
    )
)


def test_unsigned_numbers() -> None:
    assert unsigned(0) == b"\x00"
    assert unsigned(127) == b"\x7f"
    assert unsigned(624485) == b"\xe5\x8e\x26"  # the example of the DWARF specification


def test_signed_addresses() -> None:
    assert signed32(63) == b"\x3f"
    assert signed32(64) == b"\xc0\x00"
    assert signed32(0xFFFFFFFF) == b"\x7f"  # -1
    assert signed32(0x80000000) == b"\x80\x80\x80\x80\x78"


def test_a_module_is_its_sections() -> None:
    assert rebuilt(MODULE, {}) == b"".join(
        [
            MODULE[:8],
            *(MODULE[s.start - 1 - len(unsigned(s.stop - s.start)) : s.stop] for s in sections(MODULE) if s.id),
        ]
    )
    assert CUSTOM not in {section.id for section in sections(rebuilt(MODULE, {}))}


def test_functions_are_found() -> None:
    code = next(section for section in sections(MODULE) if section.id == CODE)
    assert [MODULE[start:stop] for start, stop in functions(MODULE, code)] == [b"\x00\x41\x07\x0b", b"\x00\x41\x08\x0b"]
