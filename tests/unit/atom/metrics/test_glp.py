"""GLP: the recorded minutes of a real pool to their last digit, and the contract's arithmetic by hand."""

import csv
import lzma
from decimal import Context, Decimal
from pathlib import Path

import numpy as np
import pytest

from atom.events import Flag, Rows, empty
from atom.metrics.glp import GlpMetrics, Moments, Token, aum, exact_price, glp_metrics, price
from atom.onchain import words
from atom.onchain.gmx import CHAINS, read_gmx
from fusion.errors import CaptureError

E30 = 10**30
FILE = "gmx_v1_avalanche_2024-10-15.csv.xz"


@pytest.fixture(scope="module")
def path(shared_data: Path) -> Path:
    return shared_data / "onchain" / FILE


@pytest.fixture(scope="module")
def rows(path: Path) -> Rows:
    (recording,) = read_gmx("gmx_v1", [path]).recordings
    return recording.events.more["pool_state"]


@pytest.fixture(scope="module")
def minutes(path: Path) -> list[dict[str, str]]:
    with lzma.open(path, "rt") as file:
        return list(csv.DictReader(file))


def test_the_price_of_each_recorded_minute_is_the_recorded_one_to_its_last_digit(
    rows: Rows, minutes: list[dict[str, str]]
) -> None:
    """From the pool's parts, with open positions as the contract counts them, and from the recorded AUM alike."""
    told = glp_metrics(rows).pool["price"]
    assert [repr(float(value)) for value in told] == [minute["glp_price"] for minute in minutes]
    assert [repr(price(int(m["aum"]), int(m["glp"]))) for m in minutes] == [m["glp_price"] for m in minutes]
    assert len(minutes) == 1440


def test_the_assets_are_the_recorded_ones_to_the_28_digits_that_the_source_kept(
    rows: Rows, minutes: list[dict[str, str]]
) -> None:
    """It added up decimals of 28 digits; the exact sum is off by what that rounded away, and the same way of rounding,
    token after token in the vault's order, gives each recorded digit."""
    exact = glp_metrics(rows).pool["aum"]
    for minute, value in zip(minutes, exact, strict=True):
        assert _as_recorded(minute) == int(minute["aum"])
        assert value == pytest.approx(int(minute["aum"]) / E30, rel=1e-15)


def _as_recorded(minute: dict[str, str]) -> int:
    context = Context(prec=28)
    total, won = Decimal(0), Decimal(0)
    for name in ("usdc.e", "mim", "btc.b", "weth", "wbtc", "usdc", "wavax"):
        listed = CHAINS[43114][name]
        cost, pool, reserved = (Decimal(minute[f"{name}_{each}"]) for each in ("price", "pool", "reserved"))
        if not listed.stable:
            size, average = Decimal(minute[f"{name}_size"]), Decimal(minute[f"{name}_average"])
            moved = context.abs(context.subtract(average, cost))
            moved = context.divide(context.multiply(size, moved), average)
            if average > cost:
                won = context.add(won, moved)
            else:
                total = context.add(total, moved)
            total = context.add(total, Decimal(minute[f"{name}_guaranteed"]))
            pool = context.subtract(pool, reserved)
        total = context.add(total, context.divide(context.multiply(pool, cost), Decimal(10) ** listed.decimals))
    return int(context.subtract(total, won))


def test_utilisation_and_weights_are_quotients_of_the_recorded_numbers(
    rows: Rows, minutes: list[dict[str, str]]
) -> None:
    told = glp_metrics(rows)
    names = [name.decode() for name in told.names[:7]]
    weights = sum(int(minutes[0][f"{name}_weight"]) for name in names)
    for at, minute in enumerate(minutes):
        for index, name in enumerate(names):
            row = at * 7 + index
            pool, reserved = (int(Decimal(minute[f"{name}_{each}"])) for each in ("pool", "reserved"))
            assert told.tokens["utilisation"][row] == reserved / pool
            assert told.tokens["share"][row] == int(minute[f"{name}_usdg"]) / int(minute["usdg"])
            assert told.tokens["target"][row] == int(minute[f"{name}_weight"]) / weights
    assert (told.tokens["gap"] == told.tokens["share"] - told.tokens["target"]).all()
    assert ((told.pool["utilisation"] > 0) & (told.pool["utilisation"] < 1)).all()


def test_pieces_cut_anywhere_tell_the_same_bits(rows: Rows) -> None:
    rows = rows[: 7 * 20]
    whole = glp_metrics(rows)
    metrics = GlpMetrics()
    pieces = [metrics.update(piece) for piece in np.split(rows, [3, 3, 14, 15, 100])]
    for field in ("pool", "tokens"):
        for name, column in getattr(whole, field).items():
            assert np.concatenate([getattr(piece, field)[name] for piece in pieces]).tobytes() == column.tobytes()


def _token(**changed: int) -> Token:
    plain = {"decimals": 18, "stable": False, "price": 2 * E30, "pool": 10 * 10**18, "reserved": 4 * 10**18}
    plain |= {"guaranteed": 5 * E30, "usdg": 0, "short_size": 0, "short_average": 0, "weight": 1}
    return Token(**{**plain, **changed})


@pytest.mark.parametrize(
    ("tokens", "usd"),
    [
        ([], 0),
        ([_token()], 5 + 6 * 2),
        ([_token(stable=True)], 20),
        ([_token(short_size=8 * E30, short_average=4 * E30)], 17 - 4),  # shorts win half of their size
        ([_token(short_size=8 * E30, short_average=E30)], 17 + 8),  # and lose all of it
        ([_token(short_size=800 * E30, short_average=4 * E30)], 0),  # they have won more than there is
        ([_token(), _token(stable=True, short_size=E30)], 37),
    ],
)
def test_assets_by_hand(tokens: list[Token], usd: int) -> None:
    assert aum(tokens) == usd * E30


def test_where_the_contract_would_revert_there_is_no_number() -> None:
    assert aum([_token(reserved=11 * 10**18)]) is None
    assert aum([_token(short_size=1)]) is None
    assert exact_price(1, 0) is None
    assert np.isnan(price(1, 0))


def test_the_contract_rounds_down() -> None:
    assert exact_price(10 * E30, 3 * 10**18) == 10 * E30 // 3
    assert aum([_token(pool=1, reserved=0, price=10**18 - 1, guaranteed=0)]) == 0


def test_an_empty_pool_is_null() -> None:
    rows = empty("pool_state", 1)
    rows["flags"] = Flag.LAST
    told: Moments = glp_metrics(rows)
    assert np.isnan(told.pool["price"][0])
    assert np.isnan(told.pool["utilisation"][0])
    assert np.isnan(told.tokens["share"][0])
    assert len(glp_metrics(rows[:0]).pool["price"]) == 0


def test_a_recorded_minute_keeps_its_numbers(rows: Rows, minutes: list[dict[str, str]]) -> None:
    assert [words.to_ints(rows["supply"][::7])[at] for at in (0, -1)] == [int(minutes[at]["glp"]) for at in (0, -1)]
    assert rows["told_price"][6] == float(minutes[0]["glp_price"])
    assert ((rows["flags"] & Flag.LAST) != 0).tolist() == [False, False, False, False, False, False, True] * 1440


HEADER = "time,glp,weth_price,weth_pool,weth_reserved,weth_guaranteed,weth_usdg,weth_size,weth_average,weth_weight"
TAIL = "aum,usdg,interval,glp_price"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "known|minute"),
        (f"{HEADER},{TAIL}\n", "holds no minute"),
        (f"{HEADER},doge_price,{TAIL}\n" + "1," * 14 + "1\n", "doge are of no GMX v1 vault"),
        (f"{HEADER},wavax_price,{TAIL}\n" + "1," * 14 + "1\n", ":1: the columns lack 'wavax_weight'"),
        (f"{HEADER},link_price,{TAIL}\n" + "1,x," + "1," * 12 + "1\n", ":2: glp is 'x', no whole number that fits"),
        (f"{HEADER},link_price,{TAIL}\n" + "1,1.5," + "1," * 12 + "1\n", ":2: glp is '1.5', no whole number"),
        (f"{HEADER},link_price,{TAIL}\n" + "1," + "9" * 77 + "," + "1," * 12 + "1\n", "no whole number that fits"),
        (f"{HEADER},link_price,{TAIL}\n" + "1," * 9 + "9" * 19 + "," + "1," * 4 + "1\n", "weth_weight is .*that fits"),
        (f"{HEADER},link_price,{TAIL}\n" + "soon,1," + "1," * 12 + "1\n", "none in UTC"),
        (f"{HEADER},link_price,{TAIL}\n1,2\n", ":2: no table of 15 columns"),
    ],
)
def test_a_file_that_is_none_is_refused(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "minutes.csv"
    path.write_text(content)
    with pytest.raises(CaptureError, match=told):
        read_gmx("gmx_v1", [path])
