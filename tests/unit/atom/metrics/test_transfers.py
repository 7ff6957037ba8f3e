"""Flows through labelled addresses."""

import math

import numpy as np
import pytest

from atom.metrics import FundFlow, Transfer, read_labels, transfers_of
from atom.onchain.files import read_files
from atom.onchain.logs import Logs
from fusion.errors import BadInput

OWNERS = read_labels("address,owner,note\n0xAA,one,cold\n0xab,one,\n0xBB,two,\n")
TRANSFERS = [
    Transfer(1, "0x1", "0xaa", 600),  # into one
    Transfer(2, "0xAB", "0x2", 200),  # out of it
    Transfer(3, "0xaa", "0xab", 900),  # within it: no flow
    Transfer(9, "0x1", "0x2", 300),
    Transfer(10, "0xaa", "0xbb", 500),  # out of one and into two
    Transfer(25, "0x1", "0x2", 100),
    Transfer(30, "0x1", "0x2", 1),
]


def test_by_hand():
    table = FundFlow(OWNERS, decimals=2, period=10).update(TRANSFERS)
    assert table["ts"].tolist() == [10, 20, 30]
    assert table["inflow"].tolist() == [6.0, 5.0, 0.0]
    assert table["outflow"].tolist() == [2.0, 5.0, 0.0]
    assert table["transferred"].tolist() == [20.0, 5.0, 1.0]
    np.testing.assert_array_equal(table["fund_flow_ratio"], [800 / 2000, 2.0, 0.0])
    np.testing.assert_array_equal(table["nfr"], [400 / 800, 0.0, math.nan])


def test_amounts_are_summed_exactly():
    table = FundFlow(OWNERS, period=10).update(
        [
            Transfer(1, "0x1", "0xaa", 2**200),
            Transfer(1, "0x1", "0xaa", 1),
            Transfer(1, "0xaa", "0x1", 2**200),
            TRANSFERS[-1],
        ]
    )
    assert table["nfr"].tolist() == [1 / (2**201 + 1)]


@pytest.mark.parametrize("cut", range(len(TRANSFERS)))
def test_it_is_the_same_wherever_it_is_cut(cut):
    whole, flow = FundFlow(OWNERS, period=10).update(TRANSFERS), FundFlow(OWNERS, period=10)
    pieces = [flow.update(TRANSFERS[:cut]), flow.update(TRANSFERS[cut:])]
    for name, column in whole.items():
        assert np.concatenate([piece[name] for piece in pieces]).tobytes() == column.tobytes()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("address,name\n0x1,a\n", "columns address, owner, not address, name"),
        ("", "columns address, owner"),
        ("address,owner\n0x1,\n", "line 2 of the labels lacks"),
        ("address,owner\n0x1\n", "line 2 of the labels lacks"),
        ("address,owner\n0xA,a\n0xa,b\n", "a second owner, b"),
    ],
)
def test_labels_that_say_nothing_are_refused(text, told):
    with pytest.raises(BadInput, match=told):
        read_labels(text)


def test_a_period_and_decimals_that_cannot_be_are_refused():
    for wrong in ({"period": 0}, {"decimals": -1}, {"decimals": 78}):
        with pytest.raises(BadInput, match="above 0 ns"):
            FundFlow(OWNERS, **wrong)


TOKEN, TOPIC = "0x" + "7e" * 20, "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


def raw(**changed):
    told = {
        "block_number": 5,
        "block_timestamp": 1_700_000_000,
        "transaction_index": 0,
        "log_index": 0,
        "transaction_hash": "0x" + "1" * 64,
        "address": TOKEN,
        "topics": [TOPIC, "0x" + "0" * 24 + "aa" * 20, "0x" + "0" * 24 + "bb" * 20],
        "data": "0x" + "f" * 64,
    }
    return told | changed


def test_transfers_among_raw_logs():
    others = [
        raw(address="0x" + "7f" * 20),
        raw(topics=["0x" + "2" * 64, *raw()["topics"][1:]]),
        raw(topics=[*raw()["topics"], TOPIC], data="0x"),  # of a token that is not fungible
    ]
    assert transfers_of(Logs.parsed([*others, raw()]), TOKEN) == [
        Transfer(1_700_000_000 * 10**9, "0x" + "aa" * 20, "0x" + "bb" * 20, 2**256 - 1)
    ]


def test_a_token_and_times_are_needed():
    with pytest.raises(BadInput, match="a token is an address"):
        transfers_of(Logs.parsed([raw()]), "tether")
    with pytest.raises(BadInput, match="does not tell the time"):
        transfers_of(Logs.parsed([{**raw(), "block_timestamp": None}]), TOKEN)


def test_two_real_blocks(shared_data):
    (file,) = read_files([shared_data / "onchain" / "ethereum_logs_17173049_17173050.json.xz"])
    transfers = transfers_of(file.logs, "0xdAC17F958D2ee523a2206206994597C13D831ec7")
    assert len(transfers) == 41
    busy = max({one.sender for one in transfers}, key=lambda who: sum(one.sender == who for one in transfers))
    first = [one for one in transfers if one.ts == transfers[0].ts]
    table = FundFlow({busy: "somebody"}, decimals=6, period=10**9).update(transfers)
    assert table["transferred"].tolist() == [sum(one.amount for one in first) / 10**6]
    sent, came = (sum(one.amount for one in first if getattr(one, side) == busy) for side in ("sender", "recipient"))
    assert table["outflow"].tolist() == [sent / 10**6]
    assert table["inflow"].tolist() == [came / 10**6]
