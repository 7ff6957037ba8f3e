"""What is run in a chaos: modules that end in every way that is attested, and jobs of them drawn from a seed."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fusion.chain.account import Account
from fusion.chain.bindings.types import Offer, Sells
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD
from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.content.table import add_table
from fusion.market import publish, trade
from node.spec import JobSpec
from sandbox.code import Limits

FEE = 300_001  # base units; neither three nor five share it evenly
RUN_PRICE = 2 * MUSD
FUEL = 10**10
LITTLE_FUEL = 3 * 10**8  # that one which never ends may burn
ASSURED = 500_000  # parts per million

_CODE = {
    "ema": """
@module
def ema(price: Floats, *, span: int = 20) -> Floats:
    value, average = np.empty_like(price), price[0]
    for at, each in enumerate(price):
        average += 2.0 / (span + 1) * (each - average)
        value[at] = average
    return value
""",
    "smooth": """
from requires import ema


@module
def smooth(price: Floats, *, span: int = 5) -> Floats:
    return ema(ema(price, span=span), span=span)
""",
    "wide": """
@module
def wide(price: Floats, *, span: int = 2) -> Floats:
    return np.cumsum(price) / span
""",
    "broken": """
@module
def broken(price: Floats, *, span: int = 1) -> Floats:
    raise KeyError("no such price")
""",
    "endless": """
@module
def endless(price: Floats, *, span: int = 1) -> Floats:
    while True:
        span += 1
""",
}
_ROWS = {"wide": 6_000}  # of a result that is too large to lie on the chain
_SHARES = {"ema": 8, "smooth": 4, "wide": 4, "broken": 2, "endless": 2}  # of jobs, in twentieths
_SEATS = ((3, 2),) * 13 + ((5, 3),) * 3 + ((3, 3),) * 2 + ((1, 1),) * 2
_FEW_SEATS = ((3, 2),) * 3 + ((1, 1),) * 2  # where few operators take part


@dataclass(frozen=True)
class Ware:
    """A version, and the offer by which it is run."""

    name: str
    version: int
    offer: int


@dataclass(frozen=True)
class Order:
    """A job to be posted; `licensed` where the requester's license pays the royalty."""

    ware: Ware
    spec: JobSpec
    n: int
    k: int
    assurance_ppm: int
    licensed: bool


def published(chain: Chain, author: Account, store: BlockStore) -> dict[str, Ware]:
    """All of them, by name, each for sale as a license and by the run."""
    wares: dict[str, Ware] = {}
    cids: dict[str, Cid] = {}
    for name, code in _CODE.items():
        bundle = _bundle(name, code, {each: cids[each] for each in cids if f"from requires import {each}\n" in code})
        version = publish.publish(chain, author, bundle, store).version_id
        terms = Offer(chain.token.address, version, 0, MUSD, RUN_PRICE, 0, 0, 0, Sells.BOTH)
        offer, _ = trade.set_offer(chain, author, terms)
        cids[name], wares[name] = bundle.cid, Ware(name, version, offer)
    return wares


def _bundle(name: str, code: str, requires: Mapping[str, Cid]) -> Bundle:
    lines = [
        f'name = "{name}"',
        f'version = "1.0.0"\nentry = "{name}"\nsummary = "A test module"\nlicense = "Apache-2.0"',
        '[inputs]\nprice = "Any series"\n[outputs]\nvalue = "What comes of it"\n[requires]',
        *(f'{each} = {{version = "1.0.0", cid = "{cid}"}}' for each, cid in requires.items()),
    ]
    source = "import numpy as np\nfrom fusion.sdk import Floats, module\n" + code
    return Bundle.from_files({"module.toml": "\n".join(lines).encode(), "module.py": source.encode()})


def orders(
    seed: int, count: int, wares: Mapping[str, Ware], image: bytes, store: BlockStore, *, few: bool
) -> list[Order]:
    """Jobs drawn from a seed, each on prices of its own, which are in `store`."""
    chance = random.Random(seed)
    names = [name for name, share in _SHARES.items() for _ in range(share)]
    made = []
    for number in range(count):
        ware = wares[chance.choice(names)]
        rows = _ROWS.get(ware.name, chance.randrange(20, 200))
        steps = np.random.default_rng([seed, number]).normal(size=rows)
        prices = add_table(store, {"price": 100.0 + np.cumsum(steps)})
        limits = Limits(fuel=LITTLE_FUEL if ware.name == "endless" else FUEL)
        settings = {"span": chance.randrange(2, 30)}
        spec = JobSpec(ware.version, {"price": prices}, settings, limits=limits, image=image, seed=number)
        n, k = chance.choice(_FEW_SEATS if few else _SEATS)
        assured = ASSURED if n > 1 and not few and chance.randrange(5) == 0 else 0
        made.append(Order(ware, spec, n, k, assured, licensed=chance.randrange(4) > 0))
    return made
