"""`fusion sandbox`: the image that modules run in, and what it computes here."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json
from cli.session import Session

app = typer.Typer(no_args_is_help=True, help="The image that modules run in.")


@app.command()
def fingerprint(
    each: Annotated[bool, typer.Option("--each", help="Also the hash of every case, to find what differs.")] = False,
    as_json: Json = False,
) -> None:
    """Computes what must be equal on every operator. Two machines with one hash attest the same outcomes."""
    from dataclasses import asdict

    from cli.bundles import local_code
    from cli.journey import MODULES
    from cli.output import Lines, progress, record
    from sandbox.fingerprint import fingerprint as computed

    session = Session()
    runtime = session.runtime
    folders = sorted(path.parent for path in MODULES.glob("*/module.toml"))
    modules = {folder.name: local_code(folder, session.content)[1] for folder in folders}
    with progress("fingerprint") as report:
        found = asdict(computed(runtime, modules, report))
    hashes = found.pop("each")
    record(found | ({"each": Lines(hashes)} if each else {}), as_json=as_json)


@app.command()
def rebuild(as_json: Json = False) -> None:
    """Makes the image again and compares. It is made of the installed packages, beside the one in use."""
    import tempfile

    from cli.output import progress, record
    from fusion.errors import NotReady
    from sandbox.image import code_hash, prepare

    session = Session()
    kept = session.image
    with tempfile.TemporaryDirectory(prefix=".rebuild-", dir=session.settings.images) as folder:
        with progress("sandbox image, anew") as report:
            made = prepare(Path(folder), report)
        before, after = code_hash(kept), code_hash(made)
    record(
        {
            "image": made.id.hex(),
            "code_sha256": after,
            "in_use_sha256": before,
            "same": (kept.id, before) == (made.id, after),
        },
        as_json=as_json,
    )
    if (kept.id, before) != (made.id, after):
        raise NotReady("the image in use is not the one that these packages make: remove it and run `fusion up`")
