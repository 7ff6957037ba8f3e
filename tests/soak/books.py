"""Whether the money is right: every job's payments anew by the rule in integers, and the laws of ledger and staking.

Everything is read from the chain alone; a breach is a sentence.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fusion.chain.bindings.assurance_pool import Deposited, Spent
from fusion.chain.bindings.job_market import Audited, Disputed, Failed, Finalized, Judged, QuorumMissed
from fusion.chain.bindings.operator_staking import Locked, Slashed, Staked, Unlocked
from fusion.chain.bindings.revenue_ledger import AccountCredited, Claimed, Credited
from fusion.chain.bindings.types import Failure, Fault, Operator, OutcomeKind, Seat
from fusion.chain.contract import Event
from fusion.market import verdict
from fusion.market.verdict import Called, Quiet, Trial
from tests.soak.record import Record, outcome

BURNED = "0x000000000000000000000000000000000000dEaD"
NOBODY = "0x" + 40 * "0"


def breaches(record: Record) -> Iterator[str]:
    """Everything that is wrong with the money."""
    for job_id, ends in record.ends.items():
        if len(ends) != 1:
            yield f"job {job_id} ended {len(ends)} times"
            continue
        yield from _job(record, job_id)
    yield from _ledger(record)
    yield from _staking(record)


def _job(record: Record, job_id: int) -> Iterator[str]:
    """Who was credited what by the transaction that ended the job, beside who should have been."""
    end = record.ends[job_id][0]
    due = _due_of_final(record, job_id, end) if isinstance(end, Finalized) else _due_of_failed(record, job_id, end)
    due[BURNED] += sum(each.amount for each in record.beside(end, Slashed) if each.fault is not Fault.WRONG)
    paid: Counter[str] = Counter()
    for credit in record.beside(end, AccountCredited):
        paid[credit.account] += credit.amount
    for account in due.keys() | paid.keys():
        if due[account] != paid[account]:
            yield f"job {job_id}: {account} was credited {paid[account]} and is due {due[account]}"
    yield from _royalty(record, job_id, end)


def _due_of_final(record: Record, job_id: int, end: Finalized) -> Counter[str]:
    chain, posted, job = record.chain, record.posted[job_id], record.job(job_id)
    seats, panelists = chain.jobs.seats(job_id), _panelists(record, job_id)
    if panelists:
        payments = verdict.by_panel(_trial(record, job_id, end, seats, panelists))
    else:
        payments = verdict.by_quorum(job.fee, job.assurance_ppm, [outcome(each) for each in seats], end.outcome_hash)
        if job.challenger != NOBODY:  # nobody could hear it: what was proposed stands, and the bond goes back
            payments = replace(payments, challenger=job.bond)
    due: Counter[str] = Counter()
    for seat, amount in zip([*seats, *panelists], [*payments.seats, *payments.panel], strict=True):
        due[seat.operator] += amount
    due[job.challenger] += payments.challenger
    due[posted.requester] += payments.requester + (posted.royalty if end.kind is not OutcomeKind.RESULT else 0)
    due[BURNED] += payments.burned
    pay = verdict.fee_of(job.fee, job.assurance_ppm, job.n).seat
    right = [each.operator for each in _auditors(record, job_id) if each.outcome_hash == end.outcome_hash]
    due.update(_of_the_pool(record, end, right, pay))
    pooled = sum(each.amount for each in record.beside(end, Deposited))
    due["the assurance pool"] += payments.pool - pooled
    return due


def _due_of_failed(record: Record, job_id: int, end: Failed) -> Counter[str]:
    chain, posted, job = record.chain, record.posted[job_id], record.job(job_id)
    pays = end.reason is not Failure.BYTES_WITHHELD
    seats = [each for each in chain.jobs.seats(job_id) if pays and any(each.outcome_hash)]
    panelists = [each for each in _panelists(record, job_id) if pays and any(each.outcome_hash)]
    base = chain.jobs.minimum_fee(job.fuel) // job.n
    loss = verdict.loss(fee=job.fee, bond=job.bond, base=base, seats=len(seats), panelists=len(panelists))
    due: Counter[str] = Counter()
    for whose, amount in ((seats, loss.to_seats), (panelists, loss.to_panel)):
        for seat, share in zip(whose, verdict.share(amount, [True] * len(whose)), strict=True):
            due[seat.operator] += share
    due[posted.requester] += loss.refund + posted.royalty
    due[job.challenger] += loss.bond_back
    due["the refund that its log tells"] += loss.refund - end.refund
    auditors = [each.operator for each in _auditors(record, job_id) if pays and any(each.outcome_hash)]
    due.update(_of_the_pool(record, end, auditors, base))
    return due


def _trial(record: Record, job_id: int, end: Event, seats: Sequence[Seat], panelists: Sequence[Seat]) -> Trial:
    job, called = record.job(job_id), Called.NO_QUORUM
    if not record.of_job(QuorumMissed, job_id):
        called = (Called.CHALLENGE if job.bond else Called.CANARY) if job.challenger != NOBODY else Called.AUDIT
    proposed: verdict.Outcome = Quiet.ABSENT
    if called is not Called.NO_QUORUM:
        agreed = Counter(each for each in map(outcome, seats) if isinstance(each, bytes))
        proposed = agreed.most_common(1)[0][0]
    slashed = sum(each.amount for each in record.beside(end, Slashed) if each.fault is Fault.WRONG)
    return Trial(
        fee=job.fee,
        assurance_ppm=job.assurance_ppm,
        base=record.chain.jobs.minimum_fee(job.fuel),
        called=called,
        bond=job.bond,
        proposed=proposed,
        seats=[outcome(each) for each in seats],
        panel=[outcome(each) for each in panelists],
        slashed=slashed,
    )


def _panelists(record: Record, job_id: int) -> Sequence[Seat]:
    """The seats of the panel that heard it; none where there was no other panel than an audit."""
    called: list[Disputed | QuorumMissed] = [*record.of_job(Disputed, job_id), *record.of_job(QuorumMissed, job_id)]
    return record.chain.panel.seats(called[-1].panel_id) if called else ()


def _auditors(record: Record, job_id: int) -> Sequence[Seat]:
    audits = record.of_job(Audited, job_id)
    return record.chain.panel.seats(audits[-1].panel_id) if audits else ()


def _of_the_pool(record: Record, end: Event, auditors: Iterable[str], amount: int) -> dict[str, int]:
    """What the pool owes: a pool that is short pays what it has."""
    spent = {each.account: each for each in record.beside(end, Spent)}
    return {each: spent[each].amount if each in spent and spent[each].balance == 0 else amount for each in auditors}


def _royalty(record: Record, job_id: int, end: Event) -> Iterator[str]:
    """A per-run price goes to the version's table for a Result, and to nobody else."""
    posted, credited = record.posted[job_id], record.beside(end, Credited)
    result = isinstance(end, Finalized) and end.kind is OutcomeKind.RESULT
    due = posted.royalty if result else 0
    got = sum(each.net + each.protocol_fee for each in credited if each.version == posted.version)
    if got != due or any(each.version != posted.version for each in credited):
        yield f"job {job_id}: version {posted.version} was credited {got} and is due {due}"


def _ledger(record: Record) -> Iterator[str]:
    """unsettled + claimable + held = total <= balance; nothing is held for a job any more; credits less claims."""
    chain, token = record.chain, record.chain.token.address
    ledger = chain.ledger
    versions = range(1, chain.registry.version_count() + 1)
    unsettled = sum(ledger.received(each, token) - ledger.settled(each, token) for each in versions)
    books: Counter[str] = Counter()
    for credit in record.of(AccountCredited):
        books[credit.account] += credit.amount
    for claim in record.of(Claimed):
        books[claim.account] -= claim.amount
    owed = {each: ledger.claimable(each, token) for each in {*books, ledger.treasury()}}
    for account, amount in books.items():
        if account != ledger.treasury() and owed[account] != amount:
            yield f"{account} can claim {owed[account]}, but its credits less its claims are {amount}"
    held, total, balance = ledger.held(token), ledger.total(token), chain.token.balance_of(ledger.address)
    if unsettled + sum(owed.values()) + held != total or total > balance:
        parts = f"{unsettled} unsettled, {sum(owed.values())} claimable, {held} held"
        yield f"ledger: {parts}, but the total is {total} and the balance {balance}"
    if held != chain.pool.balance():
        yield f"ledger: {held} is held once all jobs have ended, but the pool has {chain.pool.balance()}"


def _staking(record: Record) -> Iterator[str]:
    """Replays every operator's funds: each slash is what its fault costs, and nothing stays locked."""
    chain = record.chain
    funds: dict[str, Operator] = {}
    for event in record.events:
        match event:
            case Staked():
                had = funds.get(event.operator, Operator(0, 0, 0, 0))
                funds[event.operator] = replace(had, free=had.free + event.amount)
            case Locked() | Unlocked():
                moved = event.amount if isinstance(event, Locked) else -event.amount
                had = funds[event.operator]
                funds[event.operator] = replace(had, free=had.free - moved, locked=had.locked + moved)
            case Slashed():
                had = funds[event.operator]
                stake = verdict.Stake(had.free, had.locked, had.unbonding, event.lock)
                costs = verdict.taken_for(verdict.Fault[event.fault.name], stake)
                if event.amount != costs:
                    yield f"job {event.job_id}: {event.operator} lost {event.amount}, {event.fault.name} costs {costs}"
                free = had.free + event.lock - event.amount
                funds[event.operator] = replace(had, free=free, locked=had.locked - event.lock)
    for address, told in funds.items():
        there = chain.staking.operator(address)
        if (there.free, there.locked, there.unbonding) != (told.free, told.locked, told.unbonding):
            yield f"{address} has {there} at stake, but its logs say {told}"
        if there.locked:
            yield f"{address} has {there.locked} locked once all jobs have ended"
    staked = sum(each.free + each.locked + each.unbonding for each in funds.values())
    if staked != chain.token.balance_of(chain.staking.address):
        yield f"staking holds {chain.token.balance_of(chain.staking.address)}, but {staked} is at stake"
    for judged in record.of(Judged):
        wrong = sum(each.amount for each in record.beside(judged, Slashed) if each.fault is Fault.WRONG)
        if judged.slashed != wrong:
            yield f"job {judged.job_id}: {judged.slashed} is said to be slashed, and {wrong} was"
