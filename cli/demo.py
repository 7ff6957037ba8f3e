"""`fusion demo`: the main journey on the local network."""

from cli.options import Json
from cli.session import Session


def demo(as_json: Json = False) -> None:
    """Walks the main journey on the local network, starting it if need be, and leaves it up."""
    import json

    from cli.journey import Journey
    from cli.local import LocalNetwork
    from cli.network import is_up, start_detached
    from cli.output import progress

    session = Session()
    network = LocalNetwork(session.settings)
    _ = session.image
    if not is_up(session.settings):
        with progress("network") as report:
            start_detached(session.settings, report)
    with progress("journey") as report:
        told = Journey(session, network).walk(report)
    if as_json:
        print(json.dumps(told))
    else:
        _tell(told)


def _tell(told: dict[str, object]) -> None:
    from cli.output import record

    record({key: value for key, value in told.items() if key not in ("contracts", "gas", "seconds")}, as_json=False)
