"""Ordering a run of a version, and showing what is known of versions and runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cli.bundles import fetched, known_content
from cli.output import Progress, record
from cli.session import Session
from cli.values import Setting
from fusion import money
from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Failed
from fusion.chain.bindings.license_market import OfferSet
from fusion.chain.bindings.types import Failure, Job, OutcomeKind, Seat, Split, Status
from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.content.table import read_table
from fusion.errors import BadInput, FusionError
from fusion.market import publish, trade
from fusion.market.splits import percent
from node import request
from node.executor.listings import ChainListings
from node.executor.resolve import module_code
from node.inputs import add_inputs, feed_table, port_columns
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.encoding import decode

STAGES = {  # of the way to its end
    Status.OPEN: 0.1,
    Status.ASSIGNED: 0.3,
    Status.COMMITTED: 0.55,
    Status.REVEALED: 0.75,
    Status.PROPOSED: 0.9,
    Status.FINAL: 1.0,
    Status.FAILED: 1.0,
}
REASONS = {
    Failure.NOT_ASSIGNED: "too few operators had enough free stake in time",
    Failure.TOO_FEW_COMMITS: "too few operators ran it in time",
    Failure.NO_QUORUM: "too few operators agreed on an outcome in time",
}


@dataclass(frozen=True)
class Order:
    """What `fusion module run` was asked for; amounts in base units."""

    version: int
    data: Cid | None
    feed: str
    columns: Mapping[str, str]
    settings: Mapping[str, Setting]
    fee: int
    n: int
    k: int
    fuel: int
    seed: int
    offer: int | None
    timeout: float


def order_run(session: Session, account: Account, order: Order, report: Progress) -> tuple[int, request.Answer]:
    """Checks the order, posts the job and waits for its end."""
    chain = session.chain
    lock = request.lock_of(chain, order.fee)
    operators = len(request.drawable(chain, lock))
    if order.n > operators:
        raise BadInput(
            f"--seats is {order.n}: {operators} of {chain.staking.operator_count()} operators have the least stake and "
            f"{money.show(lock)} of it free, which a fee of {money.show(order.fee)} locks; ask for fewer seats or "
            "give a lower --fee"
        )
    with known_content(f"version {order.version}"):
        code = module_code(order.version, ChainListings(chain), session.content)
    license_id, offer_id, price = 0, 0, 0
    if order.offer is None:
        held = trade.valid_license(chain, account.address, order.version)
        if held is None:
            raise BadInput(
                f"no license: {account.address} holds none that is valid for version {order.version}; "
                f"buy one with `fusion module buy`, or pay for one run with --per-run OFFER"
            )
        license_id = held
    else:
        offer_id, price = order.offer, chain.market.offer(order.offer).per_run_price
    interface = session.runtime.describe(code)
    try:
        interface.settle(order.settings)
    except (TypeError, ValueError) as error:
        raise BadInput(f"--set: {error}") from None
    if order.data is None:
        inputs = add_inputs(session.store, port_columns(feed_table(order.feed), interface.inputs, order.columns))
    else:
        port_columns(read_table(fetched(session.content, order.data, "--data")), interface.inputs, {})
        inputs = dict.fromkeys(interface.inputs, order.data)
    spec = JobSpec(
        version=order.version,
        inputs=inputs,
        settings=order.settings,
        limits=Limits(fuel=order.fuel),
        image=session.image.id,
        seed=order.seed,
    )

    posted = request.post(
        chain, account, spec, fee=order.fee, n=order.n, k=order.k,
        license_id=license_id, offer_id=offer_id, max_run_price=price,
    )  # fmt: skip
    return posted.job_id, request.wait(chain, posted.job_id, timeout=order.timeout, moved=telling(report))


def telling(report: Progress) -> Callable[[Job], None]:
    """What tells `report` where a job stands, and what part of its way that is."""
    return lambda job: report(job.status.name.lower(), STAGES[job.status])


def print_answer(session: Session, job_id: int, answer: request.Answer, *, as_json: bool) -> None:
    """Prints how a job ended; FusionError when it failed."""
    if answer.job.status == Status.FAILED:
        raise FusionError(f"job {job_id} failed: {why_failed(session, job_id)}")
    record({"job": job_id} | outcome(session, answer), as_json=as_json)


def print_job(session: Session, job_id: int, *, as_json: bool) -> None:
    """Prints where a job stands, who sits in it, and, once it has ended, how."""
    chain = session.chain
    job = chain.jobs.job(job_id)
    shown: dict[str, object] = {
        "job": job_id,
        "status": job.status.name.lower(),
        "version": job.version,
        "requester": job.requester,
        "fee": money.Units(job.fee),
        "quorum": f"{job.k} of {job.n}",
        "seats": {seat.operator: _act(seat) for seat in chain.jobs.seats(job_id)},
    }
    answer = request.answer(chain, job_id, job)
    if job.status == Status.FINAL:
        record(shown | outcome(session, answer), as_json=as_json)
        return
    shown["operators"] = answer.hashes
    if job.status == Status.FAILED:
        shown["failed"] = why_failed(session, job_id)
    else:
        shown["seconds_left"] = max(0, job.deadline - chain.now())  # of this phase; without a deadline it has none
    record(shown, as_json=as_json)


def outcome(session: Session, answer: request.Answer) -> dict[str, object]:
    """What the operators of a final job agreed on."""
    job = answer.job
    shown: dict[str, object] = {
        "outcome": job.kind.name,
        "hash": "0x" + job.outcome_hash.hex(),
        "operators": answer.hashes,
    }
    if job.kind == OutcomeKind.RESULT:
        columns = request.outputs(session.chain, answer, session.store)
        shown["rows"] = len(next(iter(columns.values())))
        shown["last"] = {port: column[-1].item() if len(column) else None for port, column in columns.items()}
        return shown
    document = decode(answer.document)
    if document.error is not None:
        shown |= {"error": document.error, "lines": list(document.lines)}
    if document.which is not None:
        shown["limit"] = document.which
    return shown


def why_failed(session: Session, job_id: int) -> str:
    """Why a job failed, and what becomes of its money."""
    (failed,) = session.chain.find(Failed, job_id=job_id)
    return f"{REASONS[failed.reason]}; what it cost is yours again with `fusion revenue claim`"


def _act(seat: Seat) -> str:
    if seat.kind != OutcomeKind.NONE:
        return "revealed"
    return "committed" if any(seat.commitment) else "assigned"


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
        "offers": [
            {
                "offer": number,
                "price": money.Units(terms.price),
                "duration": terms.duration,
                "per_run": money.Units(terms.per_run_price),
            }
            for number, terms in ((number, chain.market.offer(number)) for number in sorted(offers))
            if terms.active
        ],
    }
