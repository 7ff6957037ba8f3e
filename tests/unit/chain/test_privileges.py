"""docs/privileges.md lists every call that not everyone may make: the contracts' sources say which those are."""

import re
from pathlib import Path

from fusion.chain.authority import GOVERNED, ROLES

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"
LIBRARY = ROOT / "node_modules" / "@openzeppelin" / "contracts" / "access" / "manager"
FUNCTION = re.compile(r"\bfunction\s+(\w+)\s*\([^)]*\)([^{;]*)\{(.*?)(?=\n    function|\n    ///|\n\}|\Z)", re.DOTALL)
GUARD = re.compile(r"\b(?:restricted|onlyJobs|onlyMarket|onlyJobMarket|onlyAuthorized)\b")
REFUSAL = re.compile(r"\bNot(?:JobMarket|Market|Jobs|Pool|Owner)\(msg\.sender\)")
# The Referee is the JobMarket's other half; it has its verbs.
SPOKEN_FOR = {"Referee": "JobMarket"}


def guarded(file: Path) -> set[str]:
    """The functions of a contract that refuse some callers for who they are, by `Contract.function`."""
    name = SPOKEN_FOR.get(file.stem, file.stem)
    found = FUNCTION.findall(file.read_text())
    public = [each for each in found if re.search(r"\b(?:external|public)\b", each[1])]
    return {f"{name}.{verb}" for verb, header, body in public if GUARD.search(header) or REFUSAL.search(body)}


def told() -> dict[str, str]:
    """Call -> who may make it, of all tables."""
    rows = re.findall(r"^\| `(\w+\.\w+)` \| ([^|]+) \|", (ROOT / "docs" / "privileges.md").read_text(), re.M)
    assert len(rows) == len(dict(rows)), "a call is told twice"
    return {call: who.strip() for call, who in rows}


def test_every_guarded_function_is_told_and_nothing_else() -> None:
    ours = set().union(*(guarded(file) for file in CONTRACTS.glob("*.sol")))
    governing = guarded(LIBRARY / "AccessManager.sol")
    managed = {kind.NAME for kind, _ in GOVERNED}
    inherited = {f"{name}.setAuthority" for name in managed}

    assert "OperatorStaking.slash" in ours
    assert "AccessManager.grantRole" in governing
    assert set(told()) == ours | governing | inherited


def test_the_governed_functions_are_those_that_ask_the_access_manager() -> None:
    asking = {
        f"{file.stem}.{verb}"
        for file in CONTRACTS.glob("*.sol")
        for verb, header, _ in FUNCTION.findall(file.read_text())
        if re.search(r"\brestricted\b", header)
    }

    assert {f"{kind.NAME}.{signature.partition('(')[0]}" for kind, signature in GOVERNED} == asking
    for (kind, signature), role in GOVERNED.items():
        assert told()[f"{kind.NAME}.{signature.partition('(')[0]}"] == ROLES[role]


def test_all_that_the_access_manager_guards_is_the_admins() -> None:
    assert {told()[call] for call in guarded(LIBRARY / "AccessManager.sol")} == {ROLES[0]}


def test_no_contract_that_holds_money_runs_what_it_is_given() -> None:
    """What the page says of the two contracts that hold money: no upgrade, no arbitrary call."""
    for name in ("RevenueLedger", "OperatorStaking"):
        source = (CONTRACTS / f"{name}.sol").read_text()
        assert re.findall(r"delegatecall|\.call\(|selfdestruct|\.call\{", source) == []
