"""An offer's terms: what was said, beside what stood before; a price that was forgotten gives nothing away."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.offers import Said, by_author, told
from cli.options import Selling
from fusion.chain.bindings.types import Offer, Sells
from fusion.errors import BadInput, ContractRefused

NOTHING = dict.fromkeys(("price", "per_run", "duration", "trial", "referral", "resale", "sells"))
OLD = Offer(
    token="0xA", version=3, duration=3_600, price=25, per_run_price=0, trial=60,
    referral_bps=500, resale_bps=0, sells=Sells.LICENSES,
)  # fmt: skip


def said(*, before: Offer | None = None, free: bool = False, **options: Any) -> Offer:
    return Said(free=free, **(NOTHING | options)).terms(4, before, token="0xA")


def test_what_has_a_price_is_sold() -> None:
    assert said(price="25") == Offer("0xA", 4, 0, 25_000_000, 0, 0, 0, 0, Sells.LICENSES)
    assert said(per_run="0.1").sells == Sells.RUNS
    assert said(price="25", per_run="0.1").sells == Sells.BOTH
    assert (said(free=True).price, said(free=True).sells) == (0, Sells.LICENSES)


def test_every_term_is_read() -> None:
    terms = said(price="9.99", per_run="0", duration="30d", trial="2h", referral="5%", resale="2.5%")
    assert terms == Offer("0xA", 4, 30 * 86_400, 9_990_000, 0, 7_200, 500, 250, Sells.BOTH)


def test_a_change_keeps_what_was_not_said() -> None:
    assert said(before=OLD, price="30") == Offer("0xA", 4, 3_600, 30_000_000, 0, 60, 500, 0, Sells.LICENSES)
    assert said(before=OLD, per_run="0.1").sells == Sells.BOTH
    withdrawn = said(before=OLD, sells=Selling.NOTHING)
    assert withdrawn.sells == Sells.NOTHING
    assert said(before=withdrawn, sells=Selling.LICENSES).price == 25


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "sells something: give --price, --free or --per-run"),
        ({"duration": "30d"}, "sells something"),
        ({"price": "1", "free": True}, "--free and --price 1 contradict"),
        ({"sells": Selling.LICENSES}, "no price for one: give --price or --free"),
        ({"sells": Selling.BOTH, "price": "1"}, "no price for one: give --per-run"),
        ({"before": OLD, "sells": Selling.BOTH}, "no price for one: give --per-run"),
        ({"before": OLD, "duration": "1m"}, "lasts 1h with a trial of 1m, and would last 1m with one of 1m"),
        ({"before": OLD, "trial": "1s"}, "duration and trial only grow.* would last 1h with one of 1s"),
        ({"price": "x"}, "--price is 'x'"),
        ({"price": "1", "duration": "soon"}, "--duration is 'soon'"),
        ({"price": "1", "duration": "99999999h"}, "at most 49,710 days"),
        ({"price": "1", "trial": "400d"}, "at most 194 days"),
        ({"price": "1", "duration": "1h", "trial": "2h"}, "outlasts the license"),
        ({"price": "1", "referral": "20.5%"}, "at most 20%"),
        ({"price": "1", "resale": "11%"}, "at most 10%"),
        ({"price": "1", "resale": "1.234%"}, "at most two decimals"),
    ],
)
def test_terms_that_sell_nothing_or_contradict_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        said(**options)


def test_a_duration_of_for_ever_is_the_longest() -> None:
    assert said(before=OLD, duration="0").duration == 0
    with pytest.raises(BadInput, match="only grow"):
        said(before=said(price="1"), duration="365d")


def test_an_offer_is_told_in_days_to_a_person_and_in_seconds_to_a_program() -> None:
    shown = told(7, OLD, as_json=False)
    assert (str(shown["duration"]), shown["duration"], shown["sells"]) == ("1h", 3_600, "licenses")
    assert str(told(7, said(price="1"), as_json=False)["duration"]) == "for ever"
    assert (str(shown["trial"]), shown["referral"], shown["resale"]) == ("1m", "5%", "0%")
    assert told(7, said(price="1"), as_json=False)["trial"] is None
    program = told(7, OLD, as_json=True)
    assert (program["trial"], program["referral_bps"], program["resale_bps"]) == (60, 500, 0)


def test_who_is_not_the_author_is_told_who_is() -> None:
    authors = {3: "0xAda", 4: "0xBen"}
    chain = cast("Any", SimpleNamespace(registry=SimpleNamespace(author_of=authors.__getitem__)))

    def refused(caller: str, error: str = "NotAuthor") -> ContractRefused:
        return ContractRefused("no", error=error, arguments={"caller": caller})

    with (
        pytest.raises(BadInput, match=r"version 4 .* alone, 0xBen, and 0xYou is not .* with --as"),
        by_author(chain, 4, None),
    ):
        raise refused("0xYou")
    with pytest.raises(BadInput, match=r"version 3 .* alone, 0xAda, and 0xBen is not"), by_author(chain, 4, OLD):
        raise refused("0xBen")
    with pytest.raises(ContractRefused), by_author(chain, 4, None):
        raise refused("0xYou", "IsPaused")
