"""A market that lives by dice: what may happen next, as the contracts would log it, and what must be true after it."""

import random
from collections import Counter
from dataclasses import dataclass, field

from fusion.chain.bindings import (
    assurance_pool,
    job_market,
    license_market,
    module_registry,
    revenue_ledger,
    search_market,
)
from fusion.chain.bindings.types import Access, Offer, Sells, Split
from fusion.chain.contract import Event
from indexer.scripted import ANYWHERE, TREASURY
from tests.property.indexer_jobs import Courts
from tests.property.indexer_searches import Searches

TOKEN = "0x" + "22" * 20
NOBODY = "0x" + "00" * 20
PEOPLE = ["0x" + f"{number:040x}" for number in range(1, 6)]


@dataclass
class License:
    """A license as it stands; `held` is its price while it is on trial."""

    price: int
    expiry: int
    owner: str
    held: int


@dataclass
class World:
    """A deep copy of it belongs to each block, so that a fork goes on from its own past."""

    modules: int = 0
    versions: int = 0
    offers: dict[int, int] = field(default_factory=dict)  # prices
    licenses: dict[int, License] = field(default_factory=dict)
    claimable: dict[str, int] = field(default_factory=dict)
    pool: int = 0
    commitments: int = 0
    canaries: list[bytes] = field(default_factory=list)  # not opened yet
    fees: int = 0
    courts: Courts = field(default_factory=Courts)
    searches: Searches = field(default_factory=Searches)

    def events(self, dice: random.Random) -> list[Event]:
        return [event for _ in range(dice.randrange(6)) for event in self._act(dice)]

    def _act(self, dice: random.Random) -> list[Event]:
        acts = [self._module, self._credit, self._claim, self._rule, self._pooled, self._canary]
        acts += [
            *[self.searches.act] * 3,
            self.courts.stakes.stake,
            self.courts.stakes.unbond,
            self.courts.post,
            *[self.courts.step] * 6,
        ]
        if self.modules:
            acts += [self._version, self._module_moves]
        if self.versions:
            acts += [self._offer, self._deprecate]
        if self.offers:
            acts += [self._purchase]
        if self.licenses:
            acts += [self._renew, self._end_trial, self._license_moves]
        return dice.choice(acts)(dice)

    def _module(self, dice: random.Random) -> list[Event]:
        self.modules += 1
        name = dice.choice(["ema", "naïve \x00 name", "\ud800", "x" * 300])
        return [
            module_registry.Transfer(from_=NOBODY, to=PEOPLE[0], token_id=self.modules, log=ANYWHERE),
            module_registry.ModuleRegistered(module_id=self.modules, author=PEOPLE[0], name=name, log=ANYWHERE),
        ]

    def _module_moves(self, dice: random.Random) -> list[Event]:
        module = dice.randint(1, self.modules)
        return [module_registry.Transfer(from_=PEOPLE[0], to=dice.choice(PEOPLE), token_id=module, log=ANYWHERE)]

    def _version(self, dice: random.Random) -> list[Event]:
        self.versions += 1
        splits = [
            Split(account=PEOPLE[0], version=0, ppm=600_000),
            Split(account=NOBODY, version=1, ppm=400_000),
        ]
        return [
            module_registry.Published(
                version_id=self.versions,
                module_id=dice.randint(1, self.modules),
                cid_digest=dice.randbytes(32),
                plain_digest=dice.randbytes(32),
                access=dice.choice(list(Access)),
                min_royalty_ppm=dice.randrange(500_001),
                semver=f"1.0.{self.versions}",
                splits=tuple(splits[: dice.randint(1, 2)]),
                log=ANYWHERE,
            )
        ]

    def _deprecate(self, dice: random.Random) -> list[Event]:
        return [module_registry.Deprecated(version_id=dice.randint(1, self.versions), log=ANYWHERE)]

    def _offer(self, dice: random.Random) -> list[Event]:
        changed, price = dice.randint(1, len(self.offers) + 1), dice.randrange(2**96)
        self.offers[changed] = price
        terms = Offer(
            token=TOKEN,
            version=dice.randint(1, self.versions),
            duration=dice.randrange(2**32),
            price=price,
            per_run_price=dice.randrange(2**96),
            trial=dice.randrange(2**24),
            referral_bps=dice.randrange(2_001),
            resale_bps=dice.randrange(1_001),
            sells=dice.choice(list(Sells)),
        )
        return [license_market.OfferSet(offer_id=changed, version=terms.version, terms=terms, log=ANYWHERE)]

    def _purchase(self, dice: random.Random) -> list[Event]:
        offer, license_, to = dice.choice(sorted(self.offers)), len(self.licenses) + 1, dice.choice(PEOPLE)
        price, expiry, trial = self.offers[offer], dice.randrange(2**39), dice.random() < 0.5
        self.licenses[license_] = License(price, expiry, to, price if trial else 0)
        return [
            license_market.Transfer(from_=NOBODY, to=to, token_id=license_, log=ANYWHERE),
            license_market.Purchased(
                license_id=license_,
                offer_id=offer,
                version=1,
                buyer=dice.choice(PEOPLE),
                recipient=to,
                price=price,
                expiry=expiry,
                refundable_until=2**39 if trial else 0,
                referrer=dice.choice([NOBODY, *PEOPLE]),
                log=ANYWHERE,
            ),
        ]

    def _renew(self, dice: random.Random) -> list[Event]:
        which = dice.choice(sorted(self.licenses))
        self.licenses[which].expiry += 60
        expiry, payer = self.licenses[which].expiry, dice.choice(PEOPLE)
        return [license_market.Renewed(license_id=which, payer=payer, price=3, expiry=expiry, log=ANYWHERE)]

    def _end_trial(self, dice: random.Random) -> list[Event]:
        trials = sorted(number for number, each in self.licenses.items() if each.held)
        if not trials:
            return []
        which = dice.choice(trials)
        row = self.licenses[which]
        row.held = 0
        if dice.random() < 0.5:
            return [license_market.Released(license_id=which, price=row.price, log=ANYWHERE)]
        holder, row.owner = row.owner, NOBODY
        return [
            license_market.Transfer(from_=holder, to=NOBODY, token_id=which, log=ANYWHERE),
            license_market.Refunded(license_id=which, holder=holder, price=row.price, log=ANYWHERE),
        ]

    def _license_moves(self, dice: random.Random) -> list[Event]:
        owned = sorted(number for number, each in self.licenses.items() if each.owner != NOBODY)
        if not owned:
            return []
        which, to = dice.choice(owned), dice.choice(PEOPLE)
        holder, self.licenses[which].owner = self.licenses[which].owner, to
        return [license_market.Transfer(from_=holder, to=to, token_id=which, log=ANYWHERE)]

    def _credit(self, dice: random.Random) -> list[Event]:
        version, net, fee, paid = dice.randint(1, 3), dice.randrange(2**128), dice.randrange(100), dice.choice(PEOPLE)
        self.claimable[TREASURY] = self.claimable.get(TREASURY, 0) + fee
        self.claimable[paid] = self.claimable.get(paid, 0) + net
        return [
            revenue_ledger.Held(market=PEOPLE[0], token=TOKEN, amount=net, log=ANYWHERE),
            revenue_ledger.Credited(version=version, token=TOKEN, net=net, protocol_fee=fee, log=ANYWHERE),
            revenue_ledger.AccountCredited(account=paid, token=TOKEN, amount=net, log=ANYWHERE),
            revenue_ledger.SettledUpstream(
                version=version, upstream=version + 1, token=TOKEN, amount=fee, log=ANYWHERE
            ),
            revenue_ledger.Settled(version=version, token=TOKEN, amount=net, log=ANYWHERE),
        ]

    def _claim(self, dice: random.Random) -> list[Event]:
        if not self.claimable:
            return []
        who = dice.choice(sorted(self.claimable))
        amount = self.claimable.pop(who)
        return [revenue_ledger.Claimed(account=who, token=TOKEN, to=who, amount=amount, log=ANYWHERE)]

    def _rule(self, dice: random.Random) -> list[Event]:
        self.fees += 1
        return [
            dice.choice(
                [
                    revenue_ledger.TokenAllowed(token=TOKEN, allowed=dice.random() < 0.5, log=ANYWHERE),
                    revenue_ledger.ProtocolFeeSet(
                        bps=dice.randrange(501), from_=1_700_000_000 + dice.randrange(60), log=ANYWHERE
                    ),
                    license_market.PausedSet(paused=dice.random() < 0.5, log=ANYWHERE),
                    job_market.PausedSet(paused=dice.random() < 0.5, log=ANYWHERE),
                    search_market.PausedSet(paused=dice.random() < 0.5, log=ANYWHERE),
                ]
            )
        ]

    def _pooled(self, dice: random.Random) -> list[Event]:
        who, amount = dice.choice(PEOPLE), dice.randrange(1_000)
        if dice.random() < 0.5:
            self.pool += amount
            return [assurance_pool.Deposited(from_=who, amount=amount, balance=self.pool, log=ANYWHERE)]
        amount = min(amount, self.pool)
        self.pool -= amount
        return [assurance_pool.Spent(account=who, job_id=1, amount=amount, balance=self.pool, log=ANYWHERE)]

    def _canary(self, dice: random.Random) -> list[Event]:
        if self.canaries and dice.random() < 0.5:
            return [
                assurance_pool.CanaryOpened(
                    job_id=1,
                    commitment=self.canaries.pop(),
                    requester=dice.choice(PEOPLE),
                    right=dice.random() < 0.5,
                    paid_back=dice.randrange(9),
                    log=ANYWHERE,
                )
            ]
        self.commitments += 1  # the pool takes each but once
        self.canaries.append(self.commitments.to_bytes(32))
        return [
            assurance_pool.CanaryCommitted(
                commitment=self.canaries[-1], sponsor=dice.choice(PEOPLE), first_job_id=1, log=ANYWHERE
            )
        ]

    def held(self) -> Counter[str]:
        """What the ledger must hold, by the market's name."""
        trials = sum(each.held for each in self.licenses.values())
        held = {"license_market": trials, "job_market": self.courts.held(), "assurance_pool": self.pool}
        return +Counter(held | self.searches.held())
