"""What a block explorer needs to show a deployment's source: standard JSON input, and constructor arguments.

<folder>/contracts.json     for each contract: address, source, compiler, arguments, and the name of its input
<folder>/<Contract>.json    what the compiler was given, sources included: explorers take it as it is
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak
from web3.types import Nonce
from web3.utils.address import get_create_address

from fusion.chain.bindings.license_card import LicenseCard
from fusion.chain.bindings.referee import Referee
from fusion.chain.contract import Contract, checksum
from fusion.chain.contracts import Factory, JobMarket, LicenseMarket
from fusion.chain.factory import Plan
from fusion.errors import NotReady

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = {"*": {"*": ["abi", "evm.bytecode", "evm.deployedBytecode", "metadata"]}}


@dataclass(frozen=True, slots=True)
class Verification:
    """One contract's form for an explorer.

    Attributes:
        name: of the contract.
        address: where it stands.
        source: file and name as the compiler says them: contracts/JobMarket.sol:JobMarket.
        compiler: the full version.
        arguments: of the constructor, ABI-encoded, hexadecimal without 0x.
        input: standard JSON input of the compiler.
    """

    name: str
    address: str
    source: str
    compiler: str
    arguments: str
    input: Mapping[str, Any]


def verifications(plan: Plan, root: Path = ROOT) -> list[Verification]:
    """The forms of all contracts of a deployment, those that others create in their constructors included.

    NotReady when the sources are not those that the bindings were compiled from.
    """
    found = [_form(root, Factory, plan.factory, plan.making[32 + len(Factory.bytecode()) :])]
    for kind, code in plan.codes.items():
        found.append(_form(root, kind, plan.at[kind], code[len(kind.bytecode()) :]))
    parts = plan.codes[JobMarket][len(JobMarket.bytecode()) :]
    found.append(_form(root, Referee, _first_of(plan, JobMarket), parts))
    found.append(_form(root, LicenseCard, _first_of(plan, LicenseMarket), b""))
    return found


def write(forms: list[Verification], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for each in forms:
        (folder / f"{each.name}.json").write_text(json.dumps(each.input, indent=1) + "\n")
    index = [asdict(each) | {"input": f"{each.name}.json"} for each in forms]
    (folder / "contracts.json").write_text(json.dumps(index, indent=2) + "\n")


def _first_of(plan: Plan, maker: type[Contract]) -> str:
    """Where the contract stands that the constructor of another creates."""
    return str(get_create_address(checksum(plan.at[maker]), Nonce(1)))


def _form(root: Path, kind: type[Contract], address: str, arguments: bytes) -> Verification:
    artifact = root / "build" / "forge" / f"{kind.NAME}.sol" / f"{kind.NAME}.json"
    if not artifact.is_file():
        raise NotReady(f"{kind.NAME} is not compiled here: no {artifact}; run `make contracts`")
    compiled = json.loads(artifact.read_text())
    if bytes.fromhex(compiled["bytecode"]["object"][2:]) != kind.bytecode():
        raise NotReady(f"{artifact} is not what is deployed; run `make contracts`")
    metadata = compiled["metadata"]
    settings = dict(metadata["settings"])
    ((file, name),) = settings.pop("compilationTarget").items()
    sources = {
        path: {"content": _source(root, path, about["keccak256"])} for path, about in metadata["sources"].items()
    }
    given = {"language": "Solidity", "sources": sources, "settings": settings | {"outputSelection": OUTPUTS}}
    version = f"v{metadata['compiler']['version']}"
    return Verification(kind.NAME, address, f"{file}:{name}", version, arguments.hex(), given)


def _source(root: Path, path: str, expected: str) -> str:
    file = root / path
    text = file.read_text() if file.is_file() else ""
    if "0x" + keccak(text=text).hex() != expected:
        raise NotReady(f"{file} is not what was compiled; run `make contracts`")
    return text
