from pathlib import Path

import pytest

from fusion.chain.solidity import natspec, read, snake, upper

SOURCE = """
/// @notice How it ended. @param a Never used
/// but told.
enum Kind { None, ModuleError, // the code raised
    /* in between */ LimitHit }

/// @dev One row.
struct Row { uint8 a; }

library Nothing {}
abstract contract Half {}
// contract Commented {}
contract Whole is Half {
    enum Inner { A }
}
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("minRoyaltyPpm", "min_royalty_ppm"),
        ("tokenURI", "token_uri"),
        ("MockUSD", "mock_usd"),
        ("DOMAIN_SEPARATOR", "domain_separator"),
        ("eip712Domain", "eip712_domain"),
        ("from", "from_"),
        ("_data", "data"),
        ("", ""),
    ],
)
def test_snake(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_upper() -> None:
    assert [upper(name) for name in ("None", "ModuleError", "Open")] == ["NONE", "MODULE_ERROR", "OPEN"]


def test_source_tells_what_abis_leave_out(tmp_path: Path) -> None:
    (tmp_path / "Whole.sol").write_text(SOURCE)

    source = read(tmp_path.rglob("*.sol"))

    assert source.enums == {"Kind": ("None", "ModuleError", "LimitHit"), "Inner": ("A",)}
    assert source.docs == {"Kind": ("How it ended.", "a: Never used but told."), "Row": ("One row.",)}
    assert source.contracts == ("Whole",)


def test_natspec_without_tags_is_kept() -> None:
    assert natspec("/// Says\n/// this.\n") == ("Says this.",)
