"""`fusion job`: what became of a job, and doing something about it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, JobId, Json
from cli.session import Session

if TYPE_CHECKING:
    from fusion.chain.bindings.types import Status

app = typer.Typer(no_args_is_help=True, help="See jobs, and dispute them.")

Wait = Annotated[bool, typer.Option("--wait", help="Wait for how it ends.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]


@app.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """Shows a job. That is its status, its seats, what was disputed and, once it has ended, how."""
    from cli.jobs import print_job

    print_job(Session(), job_id, as_json=as_json)


@app.command("list")
def list_jobs(
    account: Annotated[
        str | None, typer.Option("--as", metavar="ACCOUNT", help="Whose jobs; everybody's if absent.")
    ] = None,
    last: Annotated[int, typer.Option(help="Most to list.", min=1)] = 20,
    as_json: Json = False,
) -> None:
    """Lists jobs, newest first."""
    from cli.jobs import listed
    from cli.output import rows

    session = Session()
    requester = None if account is None else session.address(account, "--as")
    rows(listed(session.chain, requester=requester, last=last), as_json=as_json)


@app.command()
def challenge(job_id: JobId, account: As, wait: Wait = False, timeout: Timeout = 600, as_json: Json = False) -> None:
    """Has a panel run a proposed job again. It takes a bond, which comes back with more if the job was wrong."""
    from cli.jobs import job_of
    from cli.output import record
    from fusion import money
    from fusion.chain.bindings.types import Status
    from node import request

    session = Session()
    signer = session.account(account)
    chain = session.chain
    _proposed(job_id, job_of(chain, job_id).status, "challenged")
    request.challenge(chain, signer, job_id)
    job = chain.jobs.job(job_id)
    if not wait:
        record(
            {
                "job": job_id,
                "bond": money.Units(job.bond),
                "panel": job.panel_id,
                "status": Status.DISPUTED.name.lower(),
            },
            as_json=as_json,
        )
        return
    _await_end(session, job_id, timeout, as_json=as_json)


@app.command()
def demand(job_id: JobId, account: As, wait: Wait = False, timeout: Timeout = 600, as_json: Json = False) -> None:
    """Demands bytes of a result that nobody serves. Its operators answer, or lose the fee."""
    from cli.jobs import job_of
    from cli.output import record
    from node import request

    session = Session()
    signer = session.account(account)
    chain = session.chain
    _proposed(job_id, job_of(chain, job_id).status, "asked for its bytes")
    request.demand(chain, signer, job_id, session.store)
    if not wait:
        job = chain.jobs.job(job_id)
        record({"job": job_id, "demanded": "0x" + job.demanded.hex(), "status": "demanded"}, as_json=as_json)
        return
    _await_end(session, job_id, timeout, as_json=as_json)


@app.command()
def resolve(job_id: JobId, account: As, as_json: Json = False) -> None:
    """Carries out what a panel or an audit has decided. Operators do so by themselves."""
    from cli.jobs import job_of, print_job
    from fusion.chain.bindings.types import PanelStatus, Status
    from fusion.errors import BadInput

    session = Session()
    signer = session.account(account)
    chain = session.chain
    job = job_of(chain, job_id)
    if job.status not in (Status.AUDITED, Status.NO_QUORUM, Status.DISPUTED):
        raise BadInput(f"job {job_id} is {_told(job.status)}: no panel or audit of it waits to be carried out")
    panel = chain.panel.panel(job.panel_id)
    if panel.status != PanelStatus.DECIDED:
        raise BadInput(f"panel {job.panel_id} of job {job_id} has not decided yet; see `fusion job show {job_id}`")
    chain.send(signer, chain.jobs.resolve(job_id))
    print_job(session, job_id, as_json=as_json)


def _proposed(job_id: int, status: "Status", what: str) -> None:
    from fusion.chain.bindings.types import Status
    from fusion.errors import BadInput

    if status != Status.PROPOSED:
        when = "it is over" if status in (Status.FINAL, Status.FAILED) else "it may come to that"
        raise BadInput(f"job {job_id} is {_told(status)}: one can be {what} while its outcome is proposed, and {when}")


def _told(status: "Status") -> str:
    from cli.jobs import words

    return words(status.name)


def _await_end(session: Session, job_id: int, timeout: float, *, as_json: bool) -> None:
    from cli.jobs import print_job, telling
    from cli.output import progress
    from node import request

    with progress("job") as report:
        request.wait(session.chain, job_id, timeout=timeout, moved=telling(report))
    print_job(session, job_id, as_json=as_json)
