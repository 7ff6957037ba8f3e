"""What chain and content say of a version."""

from collections.abc import Sequence

from cli.bundles import fetched
from cli.offers import told
from cli.session import Session
from fusion.chain.bindings.license_market import OfferSet
from fusion.chain.bindings.types import Sells, Split
from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.market import publish
from fusion.market.splits import percent


def shares(splits: Sequence[Split], *, as_json: bool) -> list[object]:
    """A revenue table: rows of parts per million for a program, percentages for a person."""
    if as_json:
        return [{"account": row.account, "version": row.version, "ppm": row.ppm} for row in splits]
    return [f"{percent(row.ppm)} to {f'version {row.version}' if row.version else row.account}" for row in splits]


def describe_version(session: Session, version_id: int, *, as_json: bool) -> dict[str, object]:
    """All that chain and content say of a version; BadInput when there is none."""
    chain = session.chain
    published = publish.published(chain, version_id)
    cid = Cid.directory(published.cid_digest)
    offers = {found.offer_id for found in chain.find(OfferSet, version=version_id)}
    manifest = Bundle.from_files(fetched(session.content, cid, f"version {version_id}")).manifest
    return {
        "version": version_id,
        "module": published.module_id,
        "name": manifest.name,
        "semver": published.semver,
        "summary": manifest.summary,
        "license": manifest.license,
        "author": chain.registry.author_of(version_id),
        "cid": str(cid),
        "inputs": dict(manifest.inputs),
        "outputs": dict(manifest.outputs),
        "requires": {required.name: str(required.cid) for required in manifest.requires},
        "splits": shares(published.splits, as_json=as_json),
        "deprecated": chain.registry.is_deprecated(version_id),
        "offers": [
            told(number, terms, as_json=as_json)
            for number, terms in ((number, chain.market.offer(number)) for number in sorted(offers))
            if terms.sells != Sells.NOTHING and terms.version == version_id
        ],
    }
