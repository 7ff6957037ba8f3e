"""Where a deployment's contracts stand, and what they are created with.

The deterministic deployer, which stands at one address on nearly every chain, makes a Factory for an account. The
Factory creates the contracts one after another. So each address follows from the account, the salt and the contract's
place in `CONTRACTS` alone, and contracts may name one another in immutables before any of them is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from eth_typing import HexAddress, HexStr
from eth_utils.crypto import keccak
from web3.types import Nonce
from web3.utils.address import get_create2_address, get_create_address

from fusion.chain.contract import Contract
from fusion.chain.contracts import (
    AccessManager,
    AssurancePool,
    Factory,
    JobLimits,
    JobMarket,
    JobParts,
    LicenseMarket,
    MockUSD,
    ModuleRegistry,
    OperatorStaking,
    Panel,
    RecordingRules,
    RevenueLedger,
    SearchMarket,
    WindowRegistry,
)
from fusion.chain.parameters import Parameters

DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"  # github.com/Arachnid/deterministic-deployment-proxy
SALT = "fusion"
# In the order of their creation: a contract whose constructor asks another comes after it. The mock token is the last,
# so that the others stand where they stand without it.
CONTRACTS: tuple[type[Contract], ...] = (
    AccessManager,
    ModuleRegistry,
    RevenueLedger,
    LicenseMarket,
    OperatorStaking,
    Panel,
    AssurancePool,
    JobMarket,
    WindowRegistry,
    SearchMarket,
    MockUSD,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment before it is made.

    Attributes:
        owner: the account that deploys.
        factory: address of its Factory.
        making: what the deterministic deployer is sent to make that.
        at: address by contract, the Factory's among them.
        codes: creation code with its arguments, in the order of creation; without MockUSD where another token is used.
        token: what is staked and paid with.
    """

    owner: str
    factory: str
    making: bytes
    at: Mapping[type[Contract], str]
    codes: Mapping[type[Contract], bytes]
    token: str

    @classmethod
    def of(cls, owner: str, treasury: str, parameters: Parameters, *, token: str | None, salt: str) -> Self:
        salted, code = _salted(owner, salt), Factory.creation(owner)
        at = places(owner, salt)
        codes = _codes(at, owner, treasury, parameters, token or at[MockUSD])
        if token is not None:
            del codes[MockUSD]
        return cls(owner, at[Factory], salted + code, at, codes, token or at[MockUSD])


def places(owner: str, salt: str) -> dict[type[Contract], str]:
    """Where the contracts of an account stand, made or not."""
    made = "0x" + _salted(owner, salt).hex(), "0x" + Factory.creation(owner).hex()
    factory = get_create2_address(HexAddress(HexStr(DEPLOYER)), *map(HexStr, made))
    at = {kind: str(get_create_address(factory, Nonce(place + 1))) for place, kind in enumerate(CONTRACTS)}
    return {Factory: str(factory), **at}


def _salted(owner: str, salt: str) -> bytes:
    return keccak(text=f"{salt} {owner.lower()}")


def _codes(
    at: Mapping[type[Contract], str], owner: str, treasury: str, parameters: Parameters, token: str
) -> dict[type[Contract], bytes]:
    manager, registry, ledger, market = at[AccessManager], at[ModuleRegistry], at[RevenueLedger], at[LicenseMarket]
    staking, panel, pool, jobs = at[OperatorStaking], at[Panel], at[AssurancePool], at[JobMarket]
    recorded, searches = at[WindowRegistry], at[SearchMarket]
    windows = parameters.windows
    made = {
        AccessManager: AccessManager.creation(owner),
        ModuleRegistry: ModuleRegistry.creation(),
        RevenueLedger: RevenueLedger.creation(
            manager,
            registry,
            treasury,
            parameters.protocol_fee_bps,
            parameters.fee_delay,
            [market, jobs, pool, staking, recorded, searches],
        ),
        LicenseMarket: LicenseMarket.creation(manager, registry, ledger, jobs),
        OperatorStaking: OperatorStaking.creation(
            token, jobs, panel, ledger, parameters.minimum_stake, parameters.unbond_period
        ),
        Panel: Panel.creation(jobs, staking, windows),
        AssurancePool: AssurancePool.creation(jobs, ledger, token, parameters.canary_interval),
        JobMarket: JobMarket.creation(
            JobParts(manager, registry, market, ledger, staking, panel, pool),
            JobLimits(parameters.minimum_fee, parameters.lock_multiple, parameters.max_fuel),
            windows,
        ),
        WindowRegistry: WindowRegistry.creation(
            manager,
            ledger,
            token,
            RecordingRules(
                n=parameters.recorders,
                k=parameters.recorder_quorum,
                commit=parameters.window_commit,
                reveal=parameters.window_reveal,
                lock=parameters.recorder_lock,
            ),
        ),
        SearchMarket: SearchMarket.creation(
            manager, jobs, recorded, ledger, token, parameters.search_reveal, parameters.search_post
        ),
        MockUSD: MockUSD.creation(),
    }
    return {kind: made[kind] for kind in CONTRACTS}
