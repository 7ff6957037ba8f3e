"""The sandbox images of an operator: those that it can run, and those that it may forget."""

from collections.abc import Iterable, Mapping

from fusion import log
from fusion.errors import FusionError
from node.spec import JobSpec
from sandbox.image import Image
from sandbox.kept import kept, prune


def runnable(own: Image) -> Mapping[bytes, Image]:
    """The images that jobs and panels may name, by id: its own, and those of versions that were installed before."""
    return {**kept(own.path.parent), own.id: own}


def forget(own: Image, specs: Iterable[bytes]) -> None:
    """Removes images that were not used for long and that no duty names.

    Args:
        specs: of all duties in the journal.
    """
    if not own.path.is_dir():
        return  # no image was prepared there, so the folder around it may be anyone's
    needed = {own.id, *_named(specs)}
    try:
        for image in prune(own.path.parent, needed):
            log.get().info("removed an unused sandbox image", image=image.hex())
    except OSError as error:
        log.get().warning("unused sandbox images cannot be removed", error=str(error))


def _named(specs: Iterable[bytes]) -> set[bytes]:
    found = set()
    for spec in specs:
        try:
            found.add(JobSpec.decode(spec).image)
        except FusionError:
            continue  # a job that nobody can run names none
    return found
