"""The terms of an offer, from what was said of them on the command line and what stood before."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cli.options import Selling
from cli.output import Span
from cli.values import parse_bps, parse_seconds
from fusion import money
from fusion.chain.bindings.types import Offer, Sells
from fusion.chain.client import Chain
from fusion.errors import BadInput, ContractRefused
from fusion.market.splits import NOBODY, percent
from fusion.market.trade import check_terms, sells_licenses, sells_runs


@dataclass(frozen=True)
class Said:
    """The options of `fusion module offer`; None where one was not given."""

    price: str | None
    free: bool
    per_run: str | None
    duration: str | None
    trial: str | None
    referral: str | None
    resale: str | None
    sells: Selling | None

    def terms(self, version: int, before: Offer | None = None, *, token: str = NOBODY) -> Offer:
        """The terms that result; what was not said stays as it was before, or is nothing.

        Args:
            before: the offer that is changed; it keeps its token.
            token: that of a new offer.

        Raises:
            BadInput: a value that cannot be read, or too little said to sell anything.
        """
        if self.free and self.price is not None:
            raise BadInput(f"--free and --price {self.price} contradict each other; give one of them")
        price = money.parse(self.price, "--price") if self.price is not None else 0 if self.free else None
        per_run = None if self.per_run is None else money.parse(self.per_run, "--per-run")
        old = before or Offer(token, version, 0, 0, 0, 0, 0, 0, Sells.NOTHING)
        terms = Offer(
            token=old.token,
            version=version,
            duration=old.duration if self.duration is None else _seconds(self.duration, "--duration", 32),
            price=old.price if price is None else price,
            per_run_price=old.per_run_price if per_run is None else per_run,
            trial=old.trial if self.trial is None else _seconds(self.trial, "--trial", 24),
            referral_bps=old.referral_bps if self.referral is None else parse_bps(self.referral, "--referral"),
            resale_bps=old.resale_bps if self.resale is None else parse_bps(self.resale, "--resale"),
            sells=self._sells(old.sells, licenses=price is not None, runs=per_run is not None),
        )
        if before is None and terms.sells == Sells.NOTHING:
            raise BadInput("an offer sells something: give --price, --free or --per-run")
        # A price that was forgotten would give it away.
        if sells_licenses(terms) and not sells_licenses(old) and price is None and not old.price:
            raise BadInput("the offer would sell licenses, but has no price for one: give --price or --free")
        if sells_runs(terms) and not sells_runs(old) and per_run is None and not old.per_run_price:
            raise BadInput("the offer would sell single runs, but has no price for one: give --per-run")
        if before is not None and (_lasts(terms) < _lasts(before) or terms.trial < before.trial):
            raise BadInput(
                f"an offer's duration and trial only grow, for whoever is buying now: it lasts {Span(before.duration)} "
                f"with a trial of {_trial(before)}, and would last {Span(terms.duration)} with one of {_trial(terms)}; "
                "make a new offer"
            )
        check_terms(terms)
        return terms

    def _sells(self, old: Sells, *, licenses: bool, runs: bool) -> Sells:
        if self.sells is not None:
            return Sells[self.sells.name]
        return Sells(old | (Sells.LICENSES if licenses else 0) | (Sells.RUNS if runs else 0))


def told(offer_id: int, terms: Offer, *, as_json: bool) -> Mapping[str, object]:
    """An offer as it is printed: shares in basis points for a program, in percent for a person."""
    shares: dict[str, object] = (
        {"referral_bps": terms.referral_bps, "resale_bps": terms.resale_bps}
        if as_json
        else {"referral": percent(terms.referral_bps * 100), "resale": percent(terms.resale_bps * 100)}
    )
    return {
        "offer": offer_id,
        "version": terms.version,
        "sells": terms.sells.name.lower(),
        "price": money.Units(terms.price),
        "duration": Span(terms.duration),
        "trial": Span(terms.trial) if terms.trial or as_json else None,
        "per_run": money.Units(terms.per_run_price),
    } | shares


@contextmanager
def by_author(chain: Chain, version: int, before: Offer | None) -> Iterator[None]:
    """What only the author of a version may do; BadInput, with who that is, for anyone else."""
    try:
        yield
    except ContractRefused as refusal:
        if refusal.error != "NotAuthor":
            raise
        caller = refusal.arguments["caller"]
        owned = {each: chain.registry.author_of(each) for each in {version} | ({before.version} if before else set())}
        of = next((each for each, author in owned.items() if author != caller), version)
        raise BadInput(
            f"version {of} is sold by its author alone, {owned[of]}, and {caller} is not (NotAuthor): give the "
            "author's account with --as"
        ) from None


def _lasts(terms: Offer) -> float:
    return terms.duration or math.inf


def _trial(terms: Offer) -> str:
    return str(Span(terms.trial)) if terms.trial else "0s"


def _seconds(text: str, option: str, bits: int) -> int:
    seconds = parse_seconds(text, option)
    if seconds >= 2**bits:
        raise BadInput(f"{option} is {text!r}: an offer holds at most {(2**bits - 1) // 86_400:,} days")
    return seconds
