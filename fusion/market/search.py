"""Searches: a requester posts one, solvers commit and reveal candidates, and whoever has the best is paid."""

import secrets
import struct
from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak

from fusion import log
from fusion.chain.account import Account
from fusion.chain.bindings.search_market import CandidateCommitted, CandidateRevealed, SearchFailed, SearchPosted
from fusion.chain.bindings.types import Candidate, CandidateStatus, Search, SearchStatus, SearchTerms, WindowStatus
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import encode
from fusion.chain.words import words
from fusion.errors import BadInput, ContractRefused, Retryable
from fusion.market.kept import Kept
from fusion.market.trade import check_funds

FOLDER = "candidates"  # under the home
ENDED = (SearchStatus.FINAL, SearchStatus.FAILED)


@dataclass(frozen=True)
class Opening(Kept):
    """What a solver keeps secret until it reveals. `settings` are a candidate's bytes and `salt` 32, as hexadecimal.

    Attributes:
        score: on the solver's own training data; None where it was not searched here.
    """

    solver: str
    search: int
    settings: str
    salt: str
    score: float | None = None


def search_of(chain: Chain, search_id: int) -> Search:
    """The search as it stands; BadInput when there is none."""
    count = chain.searches.search_count()
    if not 0 < search_id <= count:
        known = f"searches here are 1 to {count}" if count else "none was posted here yet"
        raise BadInput(f"there is no search {search_id}; {known}")
    return chain.searches.search(search_id)


def terms_of(chain: Chain, search_id: int) -> SearchTerms:
    """What its requester asks for; Retryable where the endpoint is behind."""
    for posted in chain.find(SearchPosted, search_id=search_id):
        return posted.terms
    raise Retryable(f"the endpoint gives no log of the post of search {search_id}; it may be behind")


def candidates_of(chain: Chain, search_id: int) -> dict[int, Candidate]:
    """Its candidates by their ids, in the order of their commits."""
    count = chain.searches.search(search_id).committed
    return {number: chain.searches.candidate(search_id, number) for number in range(1, count + 1)}


def revealed(chain: Chain, search_id: int) -> dict[int, bytes]:
    """The settings of the candidates that are revealed, by their ids."""
    return {each.candidate_id: each.settings for each in chain.find(CandidateRevealed, search_id=search_id)}


def score_value(bits: int) -> float:
    """The number that a candidate's score is the 64 bits of."""
    (value,) = struct.unpack(">d", bits.to_bytes(8))
    return float(value)


def post(chain: Chain, account: Account, terms: SearchTerms) -> tuple[int, Receipt | None]:
    """Posts a search and allows the market to take its reward, if it cannot yet.

    One of this account with the same terms that has not ended is the one asked for, and none is posted beside it.

    Raises:
        BadInput: the wallet holds less than the reward, or no searches are taken now.
        ContractRefused: the terms contradict one another, or the time.
    """
    for each in chain.find(SearchPosted, requester=account.address):
        if each.terms == terms and chain.searches.search(each.search_id).status not in ENDED:
            log.get(search=each.search_id).warning("goes on with the same search, posted before")
            return each.search_id, None
    if chain.searches.paused():
        raise BadInput("no searches are taken now: the network is paused; try again later")
    check_funds(chain, account.address, terms.reward, "the reward")
    _allow(chain, account, terms.reward)
    receipt = chain.send(account, chain.searches.post(terms))
    return receipt.event(SearchPosted).search_id, receipt


def commit(
    chain: Chain, account: Account, search_id: int, settings: bytes, *, folder: Path, score: float | None = None
) -> int:
    """Commits to a candidate and keeps its opening in `folder`; returns its id.

    Settings that this account committed to before, from here, are not committed to again.

    Args:
        settings: the candidate's bytes.
        score: what the solver found on its own data, to remember.

    Raises:
        BadInput: there is no such search, it takes no more candidates, or the wallet holds less than the bond.
        ContractRefused: the chain's state changed on the way.
    """
    found = search_of(chain, search_id)
    kept = _kept(chain, account.address, search_id, settings, folder)
    if kept is not None and (before := _standing(chain, kept)):
        return before[0]
    if found.status != SearchStatus.OPEN:
        raise BadInput(f"search {search_id} is {words(found.status)}: it takes no more candidates")
    check_funds(chain, account.address, found.bond, "the bond")
    _allow(chain, account, found.bond)
    opening = kept or _opening(chain, account.address, search_id, settings, score)
    path = opening.save(folder)  # before it stands on chain: without its salt it can never be revealed
    try:
        receipt = chain.send(account, chain.searches.commit(search_id, bytes.fromhex(opening.commitment)))
    except (BadInput, ContractRefused):  # of another failure it is not known whether it stands
        if kept is None:  # else an earlier transaction with it may be on its way still
            path.unlink()
        raise
    return receipt.event(CandidateCommitted).candidate_id


def reveal(chain: Chain, account: Account, search_id: int, folder: Path) -> list[int]:
    """Reveals all candidates of this account whose openings are in `folder`; returns their ids.

    Raises:
        BadInput: reveals have not begun or are over, or there is nothing to reveal.
    """
    found = search_of(chain, search_id)
    mine: dict[int, Opening] = {}
    for opening in openings(folder, account.address, search_id):
        mine.update(dict.fromkeys(_standing(chain, opening), opening))
    if not mine:
        raise BadInput(f"search {search_id} has no candidate of {account.address} whose opening is in {folder}")
    states = {number: chain.searches.candidate(search_id, number).status for number in mine}
    hidden = [number for number, status in states.items() if status == CandidateStatus.COMMITTED]
    if hidden and found.status != SearchStatus.REVEALING:
        early = found.status in (SearchStatus.OPEN, SearchStatus.AWAITING)
        when = "once its window is recorded" if early else "before that"
        raise BadInput(f"search {search_id} is {words(found.status)}: candidates are revealed {when}")
    template = terms_of(chain, search_id).template
    for number in hidden:
        opening = mine[number]
        settings, salt = bytes.fromhex(opening.settings), bytes.fromhex(opening.salt)
        chain.send(account, chain.searches.reveal(search_id, number, template, settings, salt))
    return list(mine)


def score(chain: Chain, account: Account, search_id: int, candidate_id: int, *, job_id: int, document: bytes) -> float:
    """Registers the score that a final job found, unless somebody has; returns it."""

    def candidate() -> Candidate:
        return chain.searches.candidate(search_id, candidate_id)

    if candidate().status != CandidateStatus.SCORED:
        try:
            chain.send(account, chain.searches.score(search_id, candidate_id, job_id, document))
        except ContractRefused:
            if candidate().status != CandidateStatus.SCORED:  # anyone may register it
                raise
    return score_value(candidate().score)


def settle(chain: Chain, account: Account, search_id: int) -> list[str]:
    """Does what anyone may do to end a search: pays the best, or gives back what is due; returns what was done.

    Raises:
        BadInput: it is not over yet; the message says until when.
    """
    done: list[str] = []
    found = search_of(chain, search_id)
    if found.status not in ENDED:
        _check_over(chain, search_id, found)
        ends = chain.searches.finalize if found.best else chain.searches.expire
        try:
            chain.send(account, ends(search_id))
            done.append("finalized" if found.best else "expired")
        except ContractRefused:
            if chain.searches.search(search_id).status not in ENDED:  # others may have been first
                raise
    if chain.searches.search(search_id).status == SearchStatus.FAILED and not _recorded(chain, found):
        for number, candidate in candidates_of(chain, search_id).items():
            if candidate.status == CandidateStatus.COMMITTED:
                try:
                    chain.send(account, chain.searches.refund(search_id, number))
                except ContractRefused:
                    if chain.searches.candidate(search_id, number).status == CandidateStatus.COMMITTED:
                        raise  # else others were first
                else:
                    done.append(f"refunded candidate {number}")
    return done


def failure_of(chain: Chain, search_id: int) -> str:
    """Why a search failed, in a word or two."""
    for failed in chain.find(SearchFailed, search_id=search_id):
        return words(failed.reason)
    raise Retryable(f"the endpoint gives no log of the end of search {search_id}; it may be behind")


def openings(folder: Path, solver: str, search_id: int) -> list[Opening]:
    """What is kept of a solver's candidates of a search."""
    return [each for each in Opening.all_in(folder) if each.solver == solver and each.search == search_id]


def _opening(chain: Chain, solver: str, search_id: int, settings: bytes, score: float | None) -> Opening:
    """A fresh one."""
    salt = secrets.token_bytes(32)
    said = _commitment(chain, solver, search_id, settings, salt)
    return Opening(said.hex(), solver, search_id, settings.hex(), salt.hex(), score)


def _kept(chain: Chain, solver: str, search_id: int, settings: bytes, folder: Path) -> Opening | None:
    """The opening that is kept of these settings, for this market: a search of another network may have that number."""
    for each in openings(folder, solver, search_id):
        said = _commitment(chain, solver, search_id, settings, bytes.fromhex(each.salt))
        if (each.settings, each.commitment) == (settings.hex(), said.hex()):
            return each
    return None


def _commitment(chain: Chain, solver: str, search_id: int, settings: bytes, salt: bytes) -> bytes:
    """`SearchMarket.commitmentOf`, computed here so that no endpoint sees the salt."""
    types = "commitment(uint256,address,uint256,address,bytes32,bytes32)"
    market, chain_id = chain.searches.address, chain.deployment.chain_id
    return keccak(encode(types, [chain_id, market, search_id, solver, keccak(settings), salt]))


def _standing(chain: Chain, opening: Opening) -> list[int]:
    """The ids of the candidates that an opening is of: none where it never came onto the chain.

    They are two where a commit that was taken for lost was sent again, and both were included.
    """
    made = chain.find(CandidateCommitted, search_id=opening.search, solver=opening.solver)
    return [each.candidate_id for each in made if each.commitment.hex() == opening.commitment]


def _allow(chain: Chain, account: Account, amount: int) -> None:
    if chain.token.allowance(account.address, chain.searches.address) < amount:
        chain.send(account, chain.token.approve(chain.searches.address, amount))


def _recorded(chain: Chain, found: Search) -> bool:
    return chain.windows.window_of(found.window_key)[0] == WindowStatus.RECORDED


def _check_over(chain: Chain, search_id: int, found: Search) -> None:
    """BadInput while neither `finalize` nor `expire` would pass."""
    late = chain.now() > found.deadline
    match found.status:
        case SearchStatus.SCORING:
            over = late or (found.scored == found.revealed and (found.best or not found.revealed))
        case SearchStatus.AWAITING:
            failed = chain.windows.window_of(found.window_key)[0] == WindowStatus.FAILED
            over = late or failed or not found.committed
        case _:
            over = False
    if not over:
        left = max(0, found.deadline - chain.now())
        raise BadInput(f"search {search_id} is {words(found.status)}, for {left} s at most: settle it after that")
