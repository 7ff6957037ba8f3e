"""The contracts' generated bindings in one place, with a clear word when they were not generated."""

from fusion.errors import NotReady

try:
    from fusion.chain.bindings.access_manager import AccessManager
    from fusion.chain.bindings.assurance_pool import AssurancePool
    from fusion.chain.bindings.errors import ERRORS
    from fusion.chain.bindings.factory import Factory
    from fusion.chain.bindings.job_market import JobMarket
    from fusion.chain.bindings.license_market import LicenseMarket
    from fusion.chain.bindings.mock_usd import MockUSD
    from fusion.chain.bindings.module_registry import ModuleRegistry
    from fusion.chain.bindings.operator_staking import OperatorStaking
    from fusion.chain.bindings.panel import Panel
    from fusion.chain.bindings.revenue_ledger import RevenueLedger
    from fusion.chain.bindings.search_market import SearchMarket
    from fusion.chain.bindings.types import JobLimits, JobParts, RecordingRules, Windows
    from fusion.chain.bindings.window_registry import WindowRegistry
except ModuleNotFoundError as missing:
    raise NotReady(f"{missing.name} was not generated; run `make contracts`") from missing

__all__ = [
    "ERRORS",
    "AccessManager",
    "AssurancePool",
    "Factory",
    "JobLimits",
    "JobMarket",
    "JobParts",
    "LicenseMarket",
    "MockUSD",
    "ModuleRegistry",
    "OperatorStaking",
    "Panel",
    "RecordingRules",
    "RevenueLedger",
    "SearchMarket",
    "WindowRegistry",
    "Windows",
]
