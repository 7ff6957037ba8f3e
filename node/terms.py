"""What a job may ask for, checked before anything is sent, and each refusal with what to ask for instead."""

from fusion.chain.bindings.types import JobTerms
from fusion.chain.client import Chain
from fusion.errors import BadInput
from fusion.market import trade
from fusion.market.splits import percent
from fusion.money import show

MAX_SEATS = 7
PPM = 10**6


def check_terms(chain: Chain, terms: JobTerms) -> None:
    """Refuses what JobMarket would, and says what to ask for instead."""
    jobs, n, k = chain.jobs, terms.n, terms.k
    if n % 2 == 0 or not 1 <= n <= MAX_SEATS or not n // 2 < k <= n:
        raise BadInput(f"{k} of {n}: ask for an odd number of seats up to {MAX_SEATS}, and more than half of them")
    if not 0 <= terms.assurance_ppm <= PPM:
        raise BadInput(f"an assurance of {terms.assurance_ppm} parts per million: give 0 to {PPM}")
    least = jobs.minimum_fee(terms.fuel)
    if terms.fee < least:
        raise BadInput(
            f"a fee of {show(terms.fee)} is below the least for {terms.fuel} fuel, {show(least)}: offer that"
        )
    bound = jobs.bound_of(terms.assurance_ppm, n, terms.fee * jobs.lock_multiple()) if terms.value else 0
    if terms.value > bound:
        raise BadInput(
            f"a value of {show(terms.value)} is more than this job can vouch for, {show(bound)}: ask for "
            + _vouching(terms, jobs.lock_multiple())
        )
    if jobs.paused():
        raise BadInput("no jobs are taken now: the network is paused; try again later")


def _vouching(terms: JobTerms, lock_multiple: int) -> str:
    """The least assurance, or the least fee, that would vouch for the value: the bound of JobMarket turned round."""
    locked, d = terms.n * terms.fee * lock_multiple, terms.assurance_ppm
    enough = f"an assurance of {percent(_up(terms.value * PPM, locked + terms.value))}"
    if not d:
        return f"{enough}, or for less with a higher fee"
    return f"{enough}, or offer a fee of {show(_up(terms.value * (PPM - d), terms.n * lock_multiple * d))}"


def _up(amount: int, by: int) -> int:
    """The quotient, rounded up."""
    return -(-amount // by)


def check_right(chain: Chain, account: str, terms: JobTerms) -> None:
    """Refuses a job that its license does not cover, or whose price per run is another."""
    if terms.license_id:
        if not chain.market.is_valid(terms.license_id, account, terms.version):
            raise BadInput(
                f"license {terms.license_id} is not one of {account} that is valid for version {terms.version}: "
                "buy one, or pay for one run"
            )
        return
    offer = trade.offer(chain, terms.offer_id)
    if offer.version != terms.version or not trade.sells_runs(offer):
        raise BadInput(f"offer {terms.offer_id} sells no runs of version {terms.version} now; choose another, or buy")
    if offer.token != chain.token.address:
        raise BadInput(f"offer {terms.offer_id} is in token {offer.token}; runs are paid in {chain.token.address} here")
    if offer.per_run_price > terms.max_run_price:
        raise BadInput(
            f"price too low: a run by offer {terms.offer_id} costs {show(offer.per_run_price)}, you would pay at most "
            f"{show(terms.max_run_price)}"
        )
