"""The law of the index on a real chain: what its tables say is what the contracts' views say."""

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from fusion.chain.bindings.types import Access, OutcomeKind, SearchStatus, Sells, Status
from fusion.chain.bindings.types import Seat as SeatOnChain
from fusion.chain.client import Chain
from fusion.chain.words import word
from indexer import tables
from indexer.fold.context import account, digest, hexed

WAITS = (Status.OPEN, Status.ASSIGNED, Status.COMMITTED)  # for a block that the chain, too, keeps only until then


def agrees(engine: Engine, chain: Chain) -> None:
    """Every row is what the contracts say of it at the head, to which the index must have come."""
    with Session(engine) as session:
        _versions(session, chain)
        _sales(session, chain)
        _jobs(session, chain)
        _panels(session, chain)
        _operators(session, chain)
        _money(session, chain)
        _rules(session, chain)
        _searches(session, chain)
        _windows(session, chain)


def _searches(session: Session, chain: Chain) -> None:
    rows = session.exec(select(tables.Search)).all()
    assert len(rows) == chain.searches.search_count()
    for row in rows:
        said = chain.searches.search(row.id)
        ended = said.status in (SearchStatus.FINAL, SearchStatus.FAILED)
        assert row.status == (word(said.status) if ended else "Open")
        assert (row.requester, row.version_id, row.fuel, row.fee) == (
            said.requester,
            said.version,
            said.fuel,
            said.fee,
        )
        assert (row.reward, row.bond, row.commit_by, row.end) == (
            said.reward,
            said.bond,
            said.commit_by,
            said.window_end,
        )
        assert (row.n, row.k, row.assurance_ppm, row.window_key) == (
            said.n,
            said.k,
            said.assurance_ppm,
            hexed(said.window_key),
        )
        assert (row.committed, row.revealed, row.scored, row.best or 0) == (
            said.committed,
            said.revealed,
            said.scored,
            said.best,
        )
        for number in range(1, said.committed + 1):
            candidate, told = (
                session.get_one(tables.Candidate, (row.id, number)),
                chain.searches.candidate(row.id, number),
            )
            assert (candidate.status, candidate.solver) == (word(told.status), told.solver)
            assert (candidate.commitment, candidate.spec_hash) == (hexed(told.commitment), digest(told.spec_hash))
            assert int(candidate.score_bits or "0", 16) == told.score
    held = {row.market: row.amount for row in session.exec(select(tables.Holding))}
    assert held.get(chain.searches.address, 0) == sum(row.held for row in rows)


def _windows(session: Session, chain: Chain) -> None:
    for row in session.exec(select(tables.Window)):
        key = bytes.fromhex(row.key[2:])
        status, cid_digest, recorded_at = chain.windows.window_of(key)
        assert row.status == word(status) or (not row.closed_at and row.status in ("Committing", "Revealing"))
        assert (row.cid_digest, row.recorded_at or 0) == (digest(cid_digest), recorded_at)
        for told in chain.windows.recordings(key):
            said = session.get_one(tables.Recording, (row.key, told.recorder))
            assert (said.commitment, said.cid_digest) == (hexed(told.commitment), digest(told.cid_digest))
    recorders = session.exec(select(tables.Recorder)).all()
    assert sum(each.listed for each in recorders) == chain.windows.recorder_count()
    for recorder in recorders:
        bond = chain.windows.recorder(recorder.address)
        assert (recorder.listed, recorder.bond) == (bond.listed, bond.free + bond.locked)
    held = {row.market: row.amount for row in session.exec(select(tables.Holding))}
    assert held.get(chain.windows.address, 0) == sum(each.bond for each in recorders)


def _versions(session: Session, chain: Chain) -> None:
    rows = session.exec(select(tables.Version)).all()
    assert len(rows) == chain.registry.version_count()
    for row in rows:
        said = chain.registry.version(row.id)
        assert (row.cid_digest, row.plain_digest) == (hexed(said.cid_digest), hexed(said.plain_digest))
        assert (row.module_id, row.published_at) == (said.module_id, said.published_at)
        assert (row.min_royalty_ppm, row.deprecated) == (said.min_royalty_ppm, said.deprecated)
        assert row.access == word(Access(said.access))
        assert session.get_one(tables.Module, row.module_id).author == chain.registry.author_of(row.id)


def _sales(session: Session, chain: Chain) -> None:
    offers = session.exec(select(tables.Offer)).all()
    assert len(offers) == chain.market.offer_count()
    for row in offers:
        terms = chain.market.offer(row.id)
        assert (row.version_id, row.token, row.sells) == (terms.version, terms.token, word(Sells(terms.sells)))
        assert (row.price, row.duration, row.trial) == (terms.price, terms.duration, terms.trial)
        assert (row.per_run_price, row.referral_bps) == (terms.per_run_price, terms.referral_bps)
        assert row.resale_bps == terms.resale_bps
    licenses = session.exec(select(tables.License)).all()
    assert len(licenses) == chain.market.license_count()
    for license_ in licenses:
        if license_.owner is None:
            continue  # burned: the market knows no such license
        sold = chain.market.license(license_.id)
        assert license_.owner == chain.market.owner_of(license_.id)
        assert (license_.version_id, license_.offer_id, license_.token) == (sold.version, sold.offer, sold.token)
        assert (license_.price, license_.expiry) == (sold.price_paid, sold.expiry)
        assert license_.refundable_until == sold.refundable_until


def _jobs(session: Session, chain: Chain) -> None:
    rows = session.exec(select(tables.Job)).all()
    assert len(rows) == chain.jobs.job_count()
    for row in rows:
        said = chain.jobs.job(row.id)
        assert row.status == word(said.status)
        assert (row.kind, row.outcome_hash) == (_kind(said.kind), digest(said.outcome_hash))
        assert (row.n, row.k, row.fuel, row.fee, row.lock) == (said.n, said.k, said.fuel, said.fee, said.lock)
        assert (row.requester, row.version_id, row.assurance_ppm) == (
            said.requester,
            said.version,
            said.assurance_ppm,
        )
        assert (row.royalty, row.royalty_token) == (said.royalty, account(said.royalty_token))
        assert (row.redraws, row.demands, row.panel_id or 0) == (said.redraws, said.demands, said.panel_id)
        assert (row.challenger, row.bond) == (account(said.challenger), said.bond)
        assert (row.deadline, row.spec_hash) == (said.deadline, hexed(said.spec_hash))
        if said.status in WAITS:
            assert row.ready_block == said.ready_block
        demands = session.exec(select(tables.Demand).where(tables.Demand.job_id == row.id)).all()
        assert [each.number for each in demands] == list(range(1, said.demands + 1))
        assert not demands or demands[-1].digest == hexed(said.demanded)
        if row.failure == "TooFewCommits" and row.redraws:
            continue  # whoever was drawn in vain is in no log of the job
        seats = _seats(session, row.id, 0)
        told = [each for each in chain.jobs.seats(row.id) if account(each.operator)]
        assert len(seats) == len(told)
        for seat, each in zip(seats, told, strict=True):
            _seat(seat, each)
        part = session.exec(select(tables.Seat.operator).where(tables.Seat.job_id == row.id)).all()
        assert set(filter(account, chain.jobs.participants(row.id))) <= set(part)


def _panels(session: Session, chain: Chain) -> None:
    rows = session.exec(select(tables.Panel)).all()
    assert len(rows) == chain.panel.panel_count()
    for row in rows:
        said = chain.panel.panel(row.id)
        assert (row.job_id, row.status, row.size) == (said.job_id, word(said.status), said.size)
        assert (row.cause == "Audit") == said.audit
        assert (row.kind, row.outcome_hash, row.votes) == (_kind(said.kind), digest(said.outcome_hash), said.votes)
        assert row.deadline == said.deadline
        assert row.size == 0 or row.lock == said.lock
        for seat, each in zip(_seats(session, row.job_id, row.id), chain.panel.seats(row.id), strict=True):
            _seat(seat, each)


def _seats(session: Session, job: int, panel: int) -> list[tables.Seat]:
    found = select(tables.Seat).where(tables.Seat.job_id == job, tables.Seat.panel_id == panel)
    seated = found.where(col(tables.Seat.position).is_not(None))
    return list(session.exec(seated.order_by(col(tables.Seat.position))))


def _seat(row: tables.Seat, said: SeatOnChain) -> None:
    assert (row.operator, row.kind) == (said.operator, _kind(said.kind))
    assert (row.commitment, row.outcome_hash) == (digest(said.commitment), digest(said.outcome_hash))
    assert (row.fault in ("Silent", "Withheld")) == said.released


def _operators(session: Session, chain: Chain) -> None:
    rows = session.exec(select(tables.Operator)).all()
    assert len(rows) == chain.staking.operator_count()
    for row in rows:
        funds = chain.staking.operator(row.address)
        assert (row.free, row.locked, row.unbonding) == (funds.free, funds.locked, funds.unbonding)
        assert (row.unbond_at, row.endpoint) == (funds.unbond_at, chain.staking.endpoint(row.address))
        slashes = session.exec(select(tables.Slash).where(tables.Slash.operator == row.address)).all()
        assert (row.slashed, row.faults) == (sum(each.amount for each in slashes), len(slashes))
        seats = session.exec(select(tables.Seat).where(tables.Seat.operator == row.address)).all()
        assert (row.seat_count, row.agreements) == (len(seats), sum(seat.agreed is True for seat in seats))


def _money(session: Session, chain: Chain) -> None:
    """Per token: income not settled, what is claimable and what is held are the ledger's total."""
    token, ledger = chain.token.address, chain.ledger
    incomes = session.exec(select(tables.Income)).all()
    for income in incomes:
        assert income.token == token
        assert income.received == ledger.received(income.version_id, token)
        assert income.settled == ledger.settled(income.version_id, token)
    balances = session.exec(select(tables.Balance)).all()
    for balance in balances:
        assert balance.claimable == ledger.claimable(balance.account, token)
    held = {row.market: row.amount for row in session.exec(select(tables.Holding))}
    assert sum(held.values()) == ledger.held(token)
    assert held.get(chain.pool.address, 0) == chain.pool.balance()
    unsettled = sum(income.received - income.settled for income in incomes)
    claimable = sum(balance.claimable for balance in balances)
    assert unsettled + claimable + sum(held.values()) == ledger.total(token) <= chain.token.balance_of(ledger.address)
    pools = session.exec(select(tables.Pool)).all()
    assert sum(pool.deposited - pool.spent for pool in pools) == chain.pool.balance()


def _rules(session: Session, chain: Chain) -> None:
    rules = session.get_one(tables.Rules, 1)
    reached = chain.now() >= rules.next_from
    assert (rules.next_protocol_fee_bps, rules.next_from) == chain.ledger.next_protocol_fee()
    present = rules.next_protocol_fee_bps if reached else rules.protocol_fee_bps
    assert present == chain.ledger.protocol_fee_bps()
    assert (rules.sales_paused, rules.jobs_paused) == (chain.market.paused(), chain.jobs.paused())
    assert rules.searches_paused == chain.searches.paused()
    for row in session.exec(select(tables.Token)):
        assert row.allowed == chain.ledger.token_allowed(row.address)


def _kind(kind: OutcomeKind) -> str | None:
    return word(kind) if kind else None
