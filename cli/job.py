"""`fusion job`: what became of a job, and doing something about it."""

from typing import Annotated

import typer

from cli.options import As, JobId, Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="See jobs, and dispute them.")

Timeout = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]


@app.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """Shows a job. That is its status, its seats, what was disputed and, once it has ended, how."""
    from cli.jobs import print_job

    print_job(Session(), job_id, as_json=as_json)


@app.command("list")
def list_jobs(
    account: Annotated[
        str | None, typer.Option("--as", metavar="ACCOUNT", help="Whose jobs are listed; everybody's if absent.")
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
def challenge(
    job_id: JobId,
    account: As,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for how the job ends.")] = False,
    timeout: Timeout = 600,
    as_json: Json = False,
) -> None:
    """Has a panel run a job again, once it is proposed. It takes a bond, which comes back with more if it was wrong."""
    from cli.jobs import job_of, needing_panel, print_job, telling
    from cli.output import progress, record
    from fusion import money
    from fusion.chain.words import words
    from node import request

    session = Session()
    signer = session.account(account)
    chain = session.chain
    job_of(chain, job_id)
    with progress("job") as report:
        with needing_panel(job_id):
            request.challenge(chain, signer, job_id, timeout=timeout)
        if wait:
            request.wait(chain, job_id, timeout=timeout, moved=telling(report))
    if wait:
        print_job(session, job_id, as_json=as_json)
        return
    job = chain.jobs.job(job_id)
    record(
        {"job": job_id, "bond": money.Units(job.bond), "panel": job.panel_id, "status": words(job.status)},
        as_json=as_json,
    )


@app.command()
def demand(job_id: JobId, account: As, timeout: Timeout = 600, as_json: Json = False) -> None:
    """Demands bytes of a result that nobody serves. Its operators answer, or lose the fee."""
    from cli.jobs import ends, job_of
    from cli.output import progress, record
    from node import request

    session = Session()
    signer = session.account(account)
    chain = session.chain
    job_of(chain, job_id)
    with progress("demand") as report:
        report("waiting for an answer", 0.5)
        columns = request.demand(chain, signer, job_id, session.store, timeout=timeout)
    record({"job": job_id, "blocks": chain.jobs.job(job_id).demands} | ends(columns), as_json=as_json)


@app.command()
def resolve(job_id: JobId, account: As, as_json: Json = False) -> None:
    """Carries out what a panel or an audit has decided. Operators do so by themselves."""
    from cli.jobs import job_of, print_job
    from fusion.chain.bindings.types import PanelStatus, Status
    from fusion.chain.words import words
    from fusion.errors import BadInput

    session = Session()
    signer = session.account(account)
    chain = session.chain
    job = job_of(chain, job_id)
    if job.status not in (Status.AUDITED, Status.NO_QUORUM, Status.DISPUTED):
        raise BadInput(f"job {job_id} is {words(job.status)}: no panel or audit of it waits to be carried out")
    panel = chain.panel.panel(job.panel_id)
    if panel.status != PanelStatus.DECIDED:
        raise BadInput(f"panel {job.panel_id} of job {job_id} has not decided yet; see `fusion job show {job_id}`")
    chain.send(signer, chain.jobs.resolve(job_id))
    print_job(session, job_id, as_json=as_json)
