"""Publishing: a bundle's blocks go to the store, its terms and revenue table to the chain."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, Split, VersionTerms
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import address
from fusion.content.bundle import Bundle, Requirement
from fusion.content.cid import Cid
from fusion.content.store import BlockStore
from fusion.errors import BadInput, BundleError
from fusion.market.splits import Upstream, revenue_table


@dataclass(frozen=True)
class Publication:
    """A published version.

    Attributes:
        receipts: the transactions that this call sent; none when the version was there already.
    """

    module_id: int
    version_id: int
    cid: Cid
    splits: tuple[Split, ...]
    receipts: tuple[Receipt, ...]


def publish(
    chain: Chain,
    account: Account,
    bundle: Bundle,
    store: BlockStore,
    *,
    min_royalty_ppm: int = 0,
    shares: Mapping[str, int] | None = None,
    royalties: Mapping[str, int] | None = None,
) -> Publication:
    """Publishes a bundle as a version of the module that `account` has under its name, registered if need be.

    The same bundle published again on the same terms is the version that is there: a journey that was cut off can be
    walked again.

    Args:
        min_royalty_ppm: what whoever builds on this version must pay it at least, parts per million.
        shares: other accounts -> parts per million.
        royalties: name of a required module -> parts per million; its minimum when absent.

    Raises:
        BadInput: the shares do not fit or go to no address, or the version number is taken by other content or
            terms.
        BundleError: a requirement is not locked to a CID, or is published nowhere.
        ContractRefused: the registry has the last word.
    """
    shares = _by_account(shares or {})
    manifest = bundle.manifest
    module_id = chain.registry.module_of(account.address, manifest.name)
    existing = _version(chain, module_id, manifest.version) if module_id else None
    if existing is not None and existing.cid_digest != bundle.cid.digest:
        raise BadInput(
            f"{manifest.name} {manifest.version} is published with other content "
            f"({Cid.directory(existing.cid_digest)}); raise the version in module.toml"
        )
    given = dict(royalties or {})
    paid = {split.version for split in existing.splits} if existing else set()
    upstreams = [_upstream(chain, required, given.pop(required.name, None), paid) for required in manifest.requires]
    if given:
        raise BadInput(
            f"{manifest.name} does not require {', '.join(sorted(given))}; a royalty goes to what it requires"
        )
    splits = revenue_table(account.address, shares, upstreams)
    if existing is not None:
        if (existing.min_royalty_ppm, list(existing.splits)) != (min_royalty_ppm, splits):
            raise BadInput(
                f"{manifest.name} {manifest.version} is published with other terms; raise the version in module.toml"
            )
        store.add_directory(bundle.files)
        return Publication(module_id, existing.version_id, bundle.cid, tuple(splits), ())
    terms = VersionTerms(bundle.cid.digest, bundle.cid.digest, Access.OPEN, min_royalty_ppm, manifest.version)

    store.add_directory(bundle.files)
    receipts = []
    if not module_id:
        receipt = chain.send(account, chain.registry.register_module(manifest.name))
        module_id = receipt.event(ModuleRegistered).module_id
        receipts.append(receipt)
    receipt = chain.send(account, chain.registry.publish(module_id, terms, splits))
    receipts.append(receipt)
    return Publication(module_id, receipt.event(Published).version_id, bundle.cid, tuple(splits), tuple(receipts))


def published(chain: Chain, version: int) -> Published:
    """The log that published a version, with its revenue table; BadInput when there is no such version."""
    found = chain.find(Published, version_id=version)
    if not found:
        raise BadInput(f"no version {version} is published on this chain")
    return found[0]


def _by_account(shares: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text, ppm in shares.items():
        account = address(text, "the account of a share")
        if account in found:
            raise BadInput(f"{account} is given two shares; give it one")
        found[account] = ppm
    return found


def _version(chain: Chain, module_id: int, semver: str) -> Published | None:
    for each in chain.find(Published, module_id=module_id):
        if each.semver == semver:
            return each
    return None


def _upstream(chain: Chain, required: Requirement, royalty: int | None, paid: Collection[int]) -> Upstream:
    """The version that stands for a requirement: the one of those `paid` already, else the first that can be."""
    if required.cid is None:
        raise BundleError(f'module.toml: requires {required.name}: lock it to content with cid = "bafy..."')
    copies = chain.find(Published, cid_digest=required.cid.digest)
    # One that is deprecated since it was built on is still paid.
    known = [copy for copy in copies if copy.version_id in paid]
    # Copies of a bundle may be published later by others: the first to publish it is paid.
    for copy in known or copies:
        if known or not chain.registry.version(copy.version_id).deprecated:
            minimum = copy.min_royalty_ppm
            return Upstream(copy.version_id, required.name, minimum, max(minimum, 1) if royalty is None else royalty)
    raise BundleError(f"module.toml: requires {required.name}: no version with CID {required.cid} is published here")
