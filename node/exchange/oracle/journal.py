"""Journal: rows as they are written, 64 bytes each."""

import struct

_ROW = struct.Struct("<BBBBiHBBiqqqqqq")


def row(
    kind: int,
    market: int,
    account: int,
    order: int,
    time: int,
    *,
    side: int = 0,
    reason: int = 0,
    flags: int = 0,
    order_type: int = 0,
    tif: int = 0,
    ref: int = 0,
    price: int = 0,
    quantity: int = 0,
    group: int = 0,
    other_account: int = 0,
) -> bytes:
    """A row of any kind but a trade's."""
    return _ROW.pack(
        kind,
        side,
        reason,
        flags,
        account,
        market,
        order_type,
        tif,
        other_account,
        order,
        ref,
        price,
        quantity,
        time,
        group,
    )


def met(
    kind: int,
    market: int,
    side: int,
    *,
    accounts: tuple[int, int],
    orders: tuple[int, int],
    terms: tuple[int, int],
    fees: tuple[int, int],
) -> bytes:
    """A row of two orders that met: of each pair the taker's comes first, and `terms` are price and quantity."""
    return _ROW.pack(kind, side, 0, 0, accounts[0], market, 0, 0, accounts[1], *orders, *terms, *fees)
