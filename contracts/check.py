#!/usr/bin/env python3
"""Whether the contracts keep what they promise: suites, coverage, slither, sizes, lines and gas, told last.

    make contracts           # suites with 256 runs of depth 64 for each law
    make contracts DEEP=1    # the same, much deeper

The standard library alone: it must run before anything is installed but forge and slither.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "contracts"
FORGE = ROOT / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"
SLITHER = ROOT / ".venv-contracts" / "bin" / "slither"
GAS = ROOT / "contracts" / "snapshots" / "gas.json"
GAS_SUITE = ROOT / "tests" / "contracts" / "gas" / "Gas.t.sol"

USUAL = {"FOUNDRY_INVARIANT_RUNS": "256", "FOUNDRY_INVARIANT_DEPTH": "64", "FOUNDRY_FUZZ_RUNS": "256"}
DEEP = {"FOUNDRY_INVARIANT_RUNS": "1024", "FOUNDRY_INVARIANT_DEPTH": "256", "FOUNDRY_FUZZ_RUNS": "10000"}
# Coverage asks which lines are reached, not how often: laws reach theirs in a few runs.
SHALLOW = {"FOUNDRY_INVARIANT_RUNS": "16", "FOUNDRY_INVARIANT_DEPTH": "64", "FOUNDRY_FUZZ_RUNS": "64"}

SHOWN = 60  # last lines of a program that failed quietly
LEAST_COVERAGE = 0.95
MOST_BYTES = 24_575  # EIP-170: under 24,576
MOST_LINES = 400
# Verbs that have a target; what it is stands in the suite that measures them, and which fails above it.
PRICED = ("purchase", "settle6", "claim", "stake", "commit", "reveal", "finalize3")
# Detectors that are left out, and why. Single findings are explained where they stand, by `slither-disable-next-line`.
NOT_ASKED = {
    "uninitialized-local": "Solidity begins every local at zero; the house style relies on it",
}


class CheckFailed(Exception):
    """A check that does not hold; the message is its line of the summary."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What of one file the suites reach: points that count, and those reached.

    Attributes:
        lines: line -> times reached.
        branches: (line, block, branch) -> times taken.
    """

    lines: dict[int, int] = field(default_factory=dict)
    branches: dict[tuple[int, str, str], int] = field(default_factory=dict)


def main() -> int:
    level = DEEP if os.environ.get("DEEP") else USUAL
    checks: dict[str, Callable[[], str]] = {
        "sizes": sizes,
        "lines": lengths,
        "suites": lambda: suites(level),
        "gas": gas,
        "coverage": coverage,
        "slither": slither,
    }
    BUILD.mkdir(parents=True, exist_ok=True)
    told: dict[str, tuple[bool, str]] = {}
    for name, check in checks.items():
        print(f"== {name}", flush=True)
        try:
            told[name] = (True, check())
        except CheckFailed as failure:
            told[name] = (False, str(failure))
    print("\n== contracts")
    for name, (good, text) in told.items():
        print(f"{'ok  ' if good else 'FAIL'} {name:<9} {text}")
    failed = sum(not good for good, _ in told.values())
    print(f"contracts: {len(told) - failed} passed, {failed} failed")
    return 1 if failed else 0


def sizes() -> str:
    """Every deployed contract's code is within what chains accept."""
    report = run([FORGE, "build", "contracts", "--skip", "test", "--sizes", "--json"], {}, quiet=True)
    found = {name: int(each["runtime_size"]) for name, each in json.loads(report[report.index("{") :]).items()}
    ours = {path.stem for path in (ROOT / "contracts").glob("*.sol")}
    own = {name: size for name, size in found.items() if name in ours}
    for name, size in sorted(own.items(), key=lambda each: -each[1]):
        print(f"{size:>7,} bytes  {name}")
    over = [f"{name} has {size:,} bytes" for name, size in own.items() if size > MOST_BYTES]
    if over:
        raise CheckFailed(f"{'; '.join(over)}; a contract must stay under 24,576")
    biggest = max(own, key=own.__getitem__)
    return f"{len(own)} contracts, the biggest is {biggest} with {own[biggest]:,} of 24,576 bytes"


def lengths() -> str:
    """No file is longer than a person reads at once."""
    sources = sorted((ROOT / "contracts").rglob("*.sol"))
    counts = {path.relative_to(ROOT): path.read_text().count("\n") for path in sources}
    over = [f"{path} has {count}" for path, count in counts.items() if count > MOST_LINES]
    if over:
        raise CheckFailed(f"{'; '.join(over)} lines; at most {MOST_LINES} are allowed")
    longest = max(counts, key=counts.__getitem__)
    return f"{len(counts)} files, the longest is {longest} with {counts[longest]} of {MOST_LINES}"


def suites(level: Mapping[str, str]) -> str:
    """All suites of forge: verbs, attacks, laws."""
    text = run([FORGE, "test"], level, may_fail=True)
    ran = re.search(r"Ran (\d+) test suites?.*?: (\d+) tests? passed, (\d+) failed, (\d+) skipped", text)
    if ran is None or ran[2] == "0":
        raise CheckFailed("forge ran no test")
    if ran[3] != "0" or ran[4] != "0":
        raise CheckFailed(f"{ran[3]} tests failed, {ran[4]} were skipped, {ran[2]} passed")
    runs, depth = level["FOUNDRY_INVARIANT_RUNS"], level["FOUNDRY_INVARIANT_DEPTH"]
    return f"{ran[2]} tests in {ran[1]} suites, laws with {runs} runs of depth {depth}"


def gas() -> str:
    """What the suites have just measured is within the targets."""
    if not GAS.exists():
        raise CheckFailed(f"{GAS.relative_to(ROOT)} is missing; forge writes it when it runs the gas suite")
    spent = {verb: int(amount) for verb, amount in json.loads(GAS.read_text()).items()}
    targets = gas_targets(GAS_SUITE.read_text())
    missing = [verb for verb in PRICED if verb not in spent or verb not in targets]
    if missing:
        raise CheckFailed(f"{', '.join(missing)}: not measured against a target")
    for verb in PRICED:
        print(f"{spent[verb]:>8,} of {targets[verb]:>8,} gas  {verb}")
    over = [f"{verb} takes {spent[verb]:,} of {targets[verb]:,}" for verb in PRICED if spent[verb] > targets[verb]]
    if over:
        raise CheckFailed("; ".join(over))
    return ", ".join(f"{verb} {spent[verb]:,}" for verb in PRICED)


def gas_targets(suite: str) -> dict[str, int]:
    """The targets of `_keep("purchase", 135_000);` in the gas suite."""
    return {verb: int(target) for verb, target in re.findall(r'_keep\("(\w+)", ([\d_]+)\)', suite)}


def coverage() -> str:
    """Lines and branches of contracts/ that the suites reach; interfaces have none, OpenZeppelin's are not ours."""
    report = BUILD / "lcov.info"
    report.unlink(missing_ok=True)
    # Without the optimizer, what verbs cost and how big contracts are says nothing.
    asked = "--no-match-path tests/contracts/gas/* --no-match-test BelowTheLimit --report lcov --report-file"
    command: list[str | Path] = [FORGE, "coverage", *asked.split(), report]
    measured = {"FOUNDRY_SNAPSHOTS": str(BUILD / "coverage-snapshots")}
    run(command, {**SHALLOW, **apart("coverage"), **measured}, quiet=True)
    files = {name: found for name, found in parse_lcov(report.read_text()).items() if name.startswith("contracts/")}
    for name, found in sorted(files.items()):
        lines, branches = found.lines.values(), found.branches.values()
        print(f"{reached(lines):>7.2%} lines {reached(branches):>8.2%} branches  {name}")
        gaps = {line for line, hits in found.lines.items() if not hits}
        gaps |= {line for (line, _, _), hits in found.branches.items() if not hits}
        if gaps:
            print(f"{'not reached:':>34} {', '.join(map(str, sorted(gaps)))}")
    of_lines = [hits for found in files.values() for hits in found.lines.values()]
    of_branches = [hits for found in files.values() for hits in found.branches.values()]
    text = f"{reached(of_lines):.2%} of lines, {reached(of_branches):.2%} of branches"
    if min(reached(of_lines), reached(of_branches)) < LEAST_COVERAGE:
        raise CheckFailed(f"{text}; at least {LEAST_COVERAGE:.0%} of both is asked")
    return text


def slither() -> str:
    """No finding of high or medium impact that is not explained where it stands."""
    report = BUILD / "slither.json"
    report.unlink(missing_ok=True)
    path = f"{FORGE.parent}{os.pathsep}{os.environ['PATH']}"
    asked = f"--compile-force-framework foundry --exclude {','.join(NOT_ASKED)} --json"
    command: list[str | Path] = [SLITHER, ".", *asked.split(), report]
    # It exits with an error when it finds anything at all: what it found is judged here.
    run(command, {**apart("slither"), "PATH": path}, quiet=True, may_fail=True)
    if not report.exists():
        raise CheckFailed("slither wrote no report")
    findings = json.loads(report.read_text())
    if not findings["success"]:
        raise CheckFailed(f"slither failed: {findings['error']}")
    impacts = {"High": 0, "Medium": 0, "Low": 0}
    for finding in findings["results"].get("detectors", []):
        impacts[finding["impact"]] += 1
        if finding["impact"] != "Low":
            print(f"{finding['impact']}: {finding['check']}: {finding['description']}")
    text = (
        f"{impacts['High']} high, {impacts['Medium']} medium, {impacts['Low']} low; {len(NOT_ASKED)} detectors left out"
    )
    if impacts["High"] or impacts["Medium"]:
        raise CheckFailed(f"{text}; mend it, or explain it beside a `slither-disable-next-line`")
    return text


def apart(name: str) -> dict[str, str]:
    """A build of its own: with other settings, or cleaned by whoever asked for it, it would cost the usual one."""
    return {"FOUNDRY_OUT": str(BUILD / name), "FOUNDRY_CACHE_PATH": str(BUILD / f"{name}-cache")}


def parse_lcov(text: str) -> dict[str, Covered]:
    """What lcov says of each file. A branch that was never evaluated has `-` for its hits."""
    files: dict[str, Covered] = {}
    name = ""
    for line in text.splitlines():
        tag, _, value = line.partition(":")
        if tag == "SF":
            name = value
            files.setdefault(name, Covered())
        elif tag == "DA":
            number, hits = value.split(",")[:2]
            files[name].lines[int(number)] = files[name].lines.get(int(number), 0) + int(hits)
        elif tag == "BRDA":
            number, block, branch, hits = value.split(",")
            key = (int(number), block, branch)
            files[name].branches[key] = files[name].branches.get(key, 0) + (0 if hits == "-" else int(hits))
    return {name: found for name, found in files.items() if found.lines}


def reached(hits: Collection[int]) -> float:
    """The part of the points that was reached; all of none."""
    return sum(count > 0 for count in hits) / len(hits) if hits else 1.0


def run(command: Sequence[str | Path], more: Mapping[str, str], *, quiet: bool = False, may_fail: bool = False) -> str:
    """Runs a program, shows what it says (when quiet: only where it failed) and returns that."""
    said = []
    with subprocess.Popen(
        [str(each) for each in command],
        cwd=ROOT,
        env={**os.environ, **more, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            if not quiet:
                print(line, end="", flush=True)
    text = "".join(said)
    if process.returncode and not may_fail:
        print("".join(said[-SHOWN:]) if quiet else "", end="")
        raise CheckFailed(f"`{Path(command[0]).name} {command[1]}` ended with exit code {process.returncode}")
    return text


if __name__ == "__main__":
    sys.exit(main())
