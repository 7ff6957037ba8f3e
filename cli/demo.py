"""`fusion demo`: the main journey on the local network."""

from cli.options import Json
from cli.session import Session


def demo(as_json: Json = False) -> None:
    """Walks the main journey. Starts the local network if need be, and leaves it up."""
    import json

    from cli.journey import Journey
    from cli.network import is_up, start_detached
    from cli.output import progress

    session = Session()
    _ = session.image
    if not is_up(session.settings):
        with progress("network") as report:
            start_detached(session.settings, report)
    with progress("journey") as report:
        told = Journey(session).walk(report)
    if as_json:
        print(json.dumps(told))
    else:
        _tell(session, told)


def _tell(session: Session, told: dict[str, object]) -> None:
    """For a person: accounts by name where this home knows them, amounts in tokens, equal outcomes counted."""
    from collections import Counter
    from typing import cast

    from cli.output import record
    from fusion.chain.account import address_of, names
    from fusion.money import Units

    keys = session.settings.keys
    known = {address_of(keys, name): name for name in names(keys)}
    shown = {key: value for key, value in told.items() if key not in ("contracts", "gas", "seconds")}
    outcomes = Counter(cast("dict[str, str]", told["results"]).values())
    shown["results"] = {found: f"{count} operators" for found, count in outcomes.items()}
    for key in ("paid", "protocol_fee"):
        shown[key] = Units(cast("int", told[key]))
    for key in ("credited", "claimed"):
        amounts = cast("dict[str, int]", told[key])
        shown[key] = {known.get(account, account): Units(amount) for account, amount in amounts.items()}
    record(shown, as_json=False)
