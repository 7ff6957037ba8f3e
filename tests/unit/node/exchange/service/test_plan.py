"""Markets that cannot be one exchange are refused before anything is made of them."""

from pathlib import Path

import pytest

from fusion.errors import BadInput
from node.exchange.service.plan import from_file

_TERMS = 'tick = "0.01"\nlot = "0.01"\nleast = "0.01"\nnotional = "1"\nprice = "100"\n'


def _market(symbol: str, more: str = "") -> str:
    return f'[[market]]\nsymbol = "{symbol}"\n{_TERMS}{more}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("market = [1]", "a market is a table, not '1'"),
        (_market("A-B", 'base_decimals = "x"'), "decimals are a whole number, not 'x'"),
        (_market("A-B", "orders = 0"), "orders is a whole number above 0, not 0"),
        (_market("A-B") + _market("A-B"), "two markets are called AB"),
        (_market("A-BC") + _market("AB-C"), "two markets are called ABC: A-BC and AB-C"),
        (_market("A-B") + _market("A-C", "base_decimals = 6"), "A has 6 decimals in A-C and others before it"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "markets.toml").write_text(text)
    with pytest.raises(BadInput, match=told):
        from_file(tmp_path / "markets.toml")


def test_markets_that_share_an_asset_go_together(tmp_path: Path) -> None:
    (tmp_path / "markets.toml").write_text(_market("A-B") + _market("C-B") + _market("C-A"))
    assert [each.listing.symbol for each in from_file(tmp_path / "markets.toml")] == ["A-B", "C-B", "C-A"]
