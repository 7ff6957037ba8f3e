"""Searches, windows and recorders, which live by dice."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from fusion.chain.bindings import search_market, window_registry
from fusion.chain.bindings.types import SearchFailure, SearchTerms, WindowKey, WindowStatus
from fusion.chain.contract import Event
from indexer.scripted import ANYWHERE

WHO = ["0x" + f"{number:040x}" for number in range(21, 25)]
LOCK = 10


@dataclass
class Search:
    """`candidates` are where each is: committed, revealed, scored, refunded. `held` is the reward, and bonds."""

    reward: int
    bond: int
    held: int
    status: str = "Open"
    candidates: list[str] = field(default_factory=list)

    def count(self, state: str) -> int:
        return sum(each == state for each in self.candidates)


@dataclass
class Window:
    """Recorder -> what it revealed, None before."""

    said: dict[str, bytes | None]
    status: str = "Committing"


@dataclass
class Searches:
    searches: list[Search] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    bonds: dict[str, int] = field(default_factory=dict)

    def act(self, dice: random.Random) -> list[Event]:
        acts = [self._post, *[self._bond] * 2, self._open, *[self._step] * 8, *[self._record] * 4]
        return dice.choice(acts)(dice)

    def held(self) -> dict[str, int]:
        return {
            "search_market": sum(each.held for each in self.searches),
            "window_registry": sum(self.bonds.values()),
        }

    def _post(self, dice: random.Random) -> list[Event]:
        reward, bond = dice.randint(1, 100), dice.randint(1, 9)
        self.searches.append(Search(reward, bond, reward))
        window = WindowKey("simulated", dice.choice(["SIM-USD", "\0\ud800"]), 10, 20)
        terms = SearchTerms(window, 1, 10**9, 3, 0, 3, 2, reward, bond, 10, (b"a", b"b"))
        return [
            search_market.SearchPosted(
                search_id=len(self.searches),
                requester=dice.choice(WHO),
                window_key=bytes(32),
                terms=terms,
                log=ANYWHERE,
            )
        ]

    def _step(self, dice: random.Random) -> list[Event]:
        moving = [number for number, each in enumerate(self.searches, start=1) if each.held]
        if not moving:
            return []
        number = moving[0] if dice.random() < 0.5 else dice.choice(moving)
        search = self.searches[number - 1]
        steps: list[Callable[[int, Search, random.Random], list[Event]]] = []
        if search.status == "Open":
            ends = search.candidates and dice.random() < (0.2 if search.count("revealed") else 0.5)
            steps = [*[self._commit] * 2, *([self._fail] * 2 if ends else [])]
            if search.count("committed"):
                steps += [self._reveal] * 2
            if search.count("revealed"):
                steps += [self._score] * 2
            if search.count("scored"):
                steps += [self._finalize] * 4
        elif search.status == "Failed" and search.held:
            steps = [self._refund]
        return dice.choice(steps)(number, search, dice) if steps else []

    def _commit(self, number: int, search: Search, dice: random.Random) -> list[Event]:
        search.candidates.append("committed")
        search.held += search.bond
        return [
            search_market.CandidateCommitted(
                search_id=number,
                candidate_id=len(search.candidates),
                solver=dice.choice(WHO),
                commitment=dice.randbytes(32),
                log=ANYWHERE,
            )
        ]

    def _reveal(self, number: int, search: Search, dice: random.Random) -> list[Event]:
        at = search.candidates.index("committed")
        search.candidates[at] = "revealed"
        search.held -= search.bond
        return [
            search_market.CandidateRevealed(
                search_id=number,
                candidate_id=at + 1,
                solver=WHO[0],
                settings=dice.randbytes(3),
                spec_hash=dice.randbytes(32),
                log=ANYWHERE,
            )
        ]

    def _score(self, number: int, search: Search, dice: random.Random) -> list[Event]:
        at = search.candidates.index("revealed")
        best = not search.count("scored") or dice.random() < 0.5
        search.candidates[at] = "scored"
        return [
            search_market.CandidateScored(
                search_id=number, candidate_id=at + 1, job_id=7, score=dice.randrange(2**64), best=best, log=ANYWHERE
            )
        ]

    def _finalize(self, number: int, search: Search, dice: random.Random) -> list[Event]:
        burned = search.held - search.reward
        search.status, search.held = "Final", 0
        best = search.candidates.index("scored") + 1
        return [
            search_market.SearchFinalized(
                search_id=number, candidate_id=best, solver=WHO[1], reward=search.reward, burned=burned, log=ANYWHERE
            )
        ]

    def _fail(self, number: int, search: Search, dice: random.Random) -> list[Event]:
        """Without a window the bonds stay held until they are refunded; with one they are burned."""
        windowless = not search.count("revealed") and not search.count("scored")
        burned = 0 if windowless else search.held - search.reward
        search.held -= search.reward + burned
        search.status = "Failed"
        reason = SearchFailure.NO_WINDOW if windowless else SearchFailure.NO_SCORE
        failed = search_market.SearchFailed(
            search_id=number, reason=reason, refund=search.reward, burned=burned, log=ANYWHERE
        )
        return [failed, *(self._refund(number, search, dice) if windowless and search.candidates else [])]

    def _refund(self, number: int, search: Search, dice: random.Random) -> list[Event]:
        at = search.candidates.index("committed")
        search.candidates[at] = "refunded"
        search.held -= search.bond
        return [
            search_market.CandidateRefunded(
                search_id=number, candidate_id=at + 1, solver=WHO[0], bond=search.bond, log=ANYWHERE
            )
        ]

    def _bond(self, dice: random.Random) -> list[Event]:
        who = dice.choice(WHO)
        tied = LOCK * sum(who in each.said for each in self.windows if each.status != "closed")
        free = self.bonds.get(who, 0) - tied
        if free and dice.random() < 0.3:
            self.bonds[who] -= free
            return [window_registry.BondWithdrawn(recorder=who, amount=free, free=0, log=ANYWHERE)]
        self.bonds[who] = self.bonds.get(who, 0) + 3 * LOCK
        return [
            window_registry.RecorderListed(recorder=who, listed=dice.random() < 0.5, log=ANYWHERE),
            window_registry.BondDeposited(recorder=who, amount=3 * LOCK, free=free + 3 * LOCK, log=ANYWHERE),
        ]

    def _open(self, dice: random.Random) -> list[Event]:
        tied = {who: LOCK * sum(who in each.said for each in self.windows if each.status != "closed") for who in WHO}
        able = [who for who in WHO if self.bonds.get(who, 0) - tied[who] >= LOCK]
        if not able:
            return self._bond(dice)
        self.windows.append(Window(dict.fromkeys(able)))
        key = len(self.windows).to_bytes(32)
        window = WindowKey("simulated", "SIM-USD", len(self.windows), 20)
        opened: list[Event] = [window_registry.WindowOpened(key=key, window=window, commit_by=30, log=ANYWHERE)]
        opened += [
            window_registry.WindowCommitted(key=key, recorder=who, commitment=dice.randbytes(32), log=ANYWHERE)
            for who in able
        ]
        if dice.random() < 0.5:
            self.windows[-1].status = "Revealing"
            opened.append(window_registry.WindowCommitsClosed(key=key, reveal_by=40, log=ANYWHERE))
        return opened

    def _record(self, dice: random.Random) -> list[Event]:
        running = [number for number, each in enumerate(self.windows) if each.status != "closed"]
        if not running:
            return []
        at = dice.choice(running)
        window, key = self.windows[at], (at + 1).to_bytes(32)
        silent = [who for who, digest in window.said.items() if digest is None]
        if silent and dice.random() < 0.8:
            window.said[silent[0]] = digest = dice.choice([b"\1" * 32, b"\2" * 32])
            said: list[Event] = [
                window_registry.WindowRevealed(key=key, recorder=silent[0], cid_digest=digest, log=ANYWHERE)
            ]
            recorded = window.status != "Recorded" and digest == b"\1" * 32
            window.status = "Recorded" if recorded or window.status == "Recorded" else "Revealing"
            if recorded:
                said.append(window_registry.WindowRecorded(key=key, cid_digest=digest, log=ANYWHERE))
            return said
        truth = b"\1" * 32 if window.status == "Recorded" else bytes(32)
        losing = [who for who, digest in window.said.items() if digest != truth] if any(truth) else []
        for who in losing:
            self.bonds[who] -= LOCK
        window.status = "closed"
        status = WindowStatus.RECORDED if any(truth) else WindowStatus.FAILED
        return [
            window_registry.WindowClosed(
                key=key, status=status, cid_digest=truth, burned=LOCK * len(losing), log=ANYWHERE
            )
        ]
