"""Naming: what users call their orders and groups of orders, and what they are called where nothing is said."""

from collections.abc import Sequence

import numpy as np

from fusion.errors import BadInput
from node.exchange.core.command import Kind
from node.exchange.exchange import Commands
from node.exchange.service.archive import LABEL
from node.exchange.service.orders import IS_ORDER, Orders
from node.exchange.service.record import Names


def named(orders: Orders, commands: Commands, labels: Sequence[str], groups: Sequence[str], first: int) -> Names:
    """What commands are called.

    Args:
        orders: that there are; two open ones of an account and market cannot have one label, nor two open groups
            one name.
        commands: of users.
        labels: as they were given, of each command; those of orders that are empty or missing are made, and an
            amendment that has one gives it to its order.
        groups: as they were given, of each group; likewise.
        first: the number of the first command.

    Raises:
        BadInput: a label or a name is too long, or taken.
    """
    for each in (*labels, *groups):
        if len(each.encode()) > LABEL:
            raise BadInput(f"a label has at most {LABEL} bytes, not {len(each.encode())}")
    used: set[tuple[int, int, str]] = set()
    told = [*labels, *[""] * (len(commands) - len(labels))]
    renamed = (commands["kind"] == Kind.AMEND) & (np.array(told, np.str_) != "")
    for at in np.flatnonzero(IS_ORDER[commands["kind"]] | renamed).tolist():
        account, market, given = int(commands["account"][at]), int(commands["market"][at]), told[at]
        name = given or f"fusion-{first + at}"
        itself = int(commands["order"][at]) if renamed[at] else -1
        while (account, market, name) in used or _is_open(orders, account, market, name, itself):
            if given:
                raise BadInput(f"an open order has the label {name!r} already; give another")
            name += "-"  # a user has given the name that would be made
        used.add((account, market, name))
        told[at] = name
    return Names(told, _lists(orders, commands, groups, first))


def _lists(orders: Orders, commands: Commands, groups: Sequence[str], first: int) -> list[str]:
    """What groups are called."""
    begins = np.flatnonzero(commands["kind"] == Kind.GROUP).tolist()
    used: set[tuple[int, int, str]] = set()
    told: list[str] = []
    for given, at in zip([*groups, *[""] * (len(begins) - len(groups))], begins, strict=True):
        account, market = int(commands["account"][at]), int(commands["market"][at])
        used |= {(account, market, each.name) for each in orders.open(account, market) if each.group}
        name = given or f"list-{first + at}"
        while (account, market, name) in used:
            if given:
                raise BadInput(f"an open list has the name {name!r} already; give another")
            name += "-"  # as above
        used.add((account, market, name))
        told.append(name)
    return told


def _is_open(orders: Orders, account: int, market: int, label: str, itself: int) -> bool:
    order = orders.labelled(account, market, label)
    return order is not None and order.status.open and order.id != itself
