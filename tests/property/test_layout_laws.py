"""Layouts read what the ordinary way reads, or leave it to that: same numbers, same counts, same refusals."""

import heapq
import json

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from atom.capture import Capture
from atom.gather.desk import BadLineError, Desk
from atom.venues import venue

START = 1_700_000_000_000_000_000
DECIMALS = st.one_of(
    st.decimals(0, 10**9, places=8).map(lambda number: format(number, "f")),
    st.integers(0, 10**18).map(str),
    st.sampled_from(["0", "0.0", "00.10", "1.", ".5", "1e5", "-1", "", "1.2.3", "9" * 19, "9" * 25, "1." + "0" * 19]),
)
INTEGERS = st.one_of(
    st.integers(0, 2**40), st.sampled_from([2**63 - 1, 2**63, 10**16, 10**14, -1, 1.5, True, None, "7", 10**30])
)
LEVELS = st.lists(
    st.tuples(DECIMALS, DECIMALS).map(list) | st.sampled_from([["1"], [], ["1", "2", "3"], 5]), max_size=4
)
SYMBOLS = st.sampled_from(["BTCUSDT", "ETHUSDT"])
SOUND = st.decimals(1, 10**6, places=3).map(lambda number: format(number, "f"))


@st.composite
def messages(draw):
    """One message, mostly as the venue sends it, sometimes with a value that it would not send."""
    symbol = draw(SYMBOLS)
    wild = draw(st.integers(0, 9)) == 0
    number, decimal = (INTEGERS, DECIMALS) if wild else (st.integers(1, 10**6), SOUND)
    levels = LEVELS if wild else st.lists(st.tuples(SOUND, SOUND).map(list), max_size=3)
    kind = draw(st.sampled_from(["trade", "trade", "bookTicker", "bookTicker", "aggTrade", "depthUpdate", "other"]))
    time = {"E": draw(number), "T": draw(number)}
    match kind:
        case "trade":
            data = {
                "t": draw(number),
                "p": draw(decimal),
                "q": draw(decimal),
                "X": draw(st.sampled_from(["MARKET", "NA"])),
            }
            data |= {"m": draw(st.booleans())}
        case "aggTrade":
            data = {"a": draw(number), "p": draw(decimal), "q": draw(decimal), "m": draw(st.booleans())}
        case "bookTicker":
            data = {"u": draw(number), "b": draw(decimal), "B": draw(decimal), "a": draw(decimal), "A": draw(decimal)}
        case "depthUpdate":
            last = draw(number)
            data = {"U": draw(number), "u": last, "pu": draw(number), "b": draw(levels), "a": draw(levels)}
        case _:
            data = {"k": draw(st.text(max_size=4))}
    body = {"e": kind, **time, "s": symbol, **data}
    if draw(st.integers(0, 9)) == 0:
        body = dict(draw(st.permutations(list(body.items()))))
    stream = draw(st.sampled_from([symbol, symbol, symbol, "ETHUSDT"])).lower()
    whole = draw(st.sampled_from([{"stream": f"{stream}@{kind}", "data": body}] * 3 + [body]))
    return json.dumps(whole, separators=draw(st.sampled_from([(",", ":")] * 5 + [(", ", ": ")])))


def snapshot(symbol):
    book = {"lastUpdateId": 1, "E": 5, "bids": [["1.5", "2"]], "asks": []}
    return json.dumps({"stream": f"{symbol.lower()}@depth", "data": {**book, "s": symbol}})


def everything(desk):
    """All that a desk has gathered, comparable."""
    told = {}
    for name, columns in sorted(desk.columns.items()):
        try:
            events = desk.events(name)
        except BadLineError as error:
            told[name] = str(error)
            continue
        counts = (columns.messages, columns.unexplained, columns.trades, columns.gaps, columns.updates)
        tables = {kind: rows.tobytes() for kind, rows in events.tables().items()}
        told[name] = (events.instrument, counts, tables, events.status)
    return told, desk.messages, len(desk.unexplained)


def outcome(way, desk):
    try:
        way(desk)
    except BadLineError as error:
        return error.place, str(error)
    return everything(desk)


def both(path, venue_id):
    def one_by_one(desk):
        for line in Capture([path]):
            desk.take(line)

    def many_at_once(desk):
        for lines in Capture([path]).blocks():
            desk.take_all(lines)

    of = venue(venue_id)
    return outcome(one_by_one, Desk(of)), outcome(many_at_once, Desk(venue(venue_id)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(messages(), min_size=1, max_size=30), st.integers(1, 40))
@example(['{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"1","q":"1","X":"MARKET","m":true}'], 40)
def test_many_at_once_is_one_by_one(tmp_path, bodies, times):
    """Each stream of messages is repeated, so that what was learnt of it is put to use."""
    path = tmp_path / "capture.txt"
    lines = [snapshot("BTCUSDT"), snapshot("ETHUSDT"), *(bodies * times)]
    path.write_text("".join(f"{START + at} {body}\n" for at, body in enumerate(lines)))
    for venue_id in ("binance", "binance_futures"):
        plain, fast = both(path, venue_id)
        assert fast == plain


def trade(number, stream="btcusdt@trade", **more):
    of = {"s": "BTCUSDT", "t": number, "p": "1.5", "q": "2", "X": "MARKET", "m": True}
    data = {"e": "trade", "E": 1_700_000_000_000, "T": 1_700_000_000_000, **of, **more}
    return json.dumps({"stream": stream, "data": data})


def depth(number, stream="btcusdt@depth@100ms", **more):
    time, of = 1_700_000_000_000 + number, {"U": number, "u": number, "pu": number - 1}
    data = {"e": "depthUpdate", "E": time, "T": time, "s": "BTCUSDT", **of, "b": [["1.5", "3"]], "a": [], **more}
    return json.dumps({"stream": stream, "data": data})


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        (depth, lambda n: depth(n, "btcusdt@depth5@100ms")),
        (lambda n: depth(n, "btcusdt@depth5@100ms"), depth),
        (depth, lambda n: depth(n, b=[[1.5, 3]])),
        (depth, lambda n: depth(n).replace('"b":', '"b": [["9", "1"]], "b":')),
        (lambda n: depth(n).replace('"b":', '"b": [["9", "1"]], "b":'), depth),
        (trade, lambda n: trade(n, T=5 * 10**13)),
        (trade, lambda n: trade(n, m="sell")),
        (trade, lambda n: trade(n, "ethusdt@trade")),
        (lambda n: trade(n, "ethusdt@trade"), trade),
        (lambda n: trade(n, T=None), trade),
        (trade, lambda n: trade(n, p=("123456789012345678", "0.12345678901234567")[n % 2])),
        (trade, lambda n: trade(n, p="1.2.3" if n == 41 else "1")),
        (trade, lambda n: trade(n).replace('"m"', '"z": ' + '{"a": ' * 990 + "1" + "}" * 990 + ', "m"')),
    ],
    ids=range(13),
)
def test_what_a_venue_does_not_write_is_the_same_either_way(tmp_path, usual, odd):
    """A picture of a few levels, numbers without quotes, a key twice, times past 2262, another stream's name ..."""
    path = tmp_path / "capture.txt"
    bodies = [snapshot("BTCUSDT"), snapshot("ETHUSDT")]
    bodies += [(usual if number < 40 else odd)(number) for number in range(2, 120)]
    path.write_text("".join(f"{START + at} {body}\n" for at, body in enumerate(bodies)))
    plain, fast = both(path, "binance_futures")
    assert fast == plain


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 200), st.booleans())
def test_a_damaged_line_is_never_read_as_a_sound_one(damage, where, cut):
    """What a layout matches is JSON, and says what JSON says."""
    of_trade = {"s": "BTCUSDT", "t": 17, "p": "61685.90", "q": "0.010", "X": "MARKET", "m": True}
    body = orjson.dumps({"e": "trade", "E": 1_700_000_000_000, "T": 1_700_000_000_000, **of_trade})
    of = venue("binance")
    desk = Desk(of)
    like = of.hot(orjson.loads(body))
    desk._layouts.learn(body, like)
    where = min(where, len(body))
    bad = body[:where] + damage + body[where if not cut else where + len(damage) :]
    text = np.frombuffer(bad + b" " * 8, np.uint8)
    found = desk._layouts.read(text, np.array([[0, len(bad)]]))
    if found.layout[0] >= 0:
        message = orjson.loads(bad)
        assert of.hot(message) is not None
        assert message["s"] == "BTCUSDT"
        assert found.values[0, 1] == message["t"]


@pytest.mark.parametrize("name", ["binance_2024/usdm_btcusdt_20240808.gz", "venues/BINANCE_FUTURES.ws.1.0.xz"])
def test_a_real_capture_is_the_same_either_way(shared_data, name):
    plain, fast = both(shared_data / name, "binance_futures")
    assert fast == plain


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=12), min_size=2, max_size=4), st.integers(1, 60))
def test_files_come_as_one_by_arrival_each_in_its_own_order(tmp_path, monkeypatch, times, chunk):
    """Whatever the pieces that they are read in; of lines that came together the first file's come first."""
    monkeypatch.setattr("atom.capture._CHUNK", chunk)
    files, lines = [], []
    for number, of_file in enumerate(times):
        files.append(tmp_path / f"{number}.txt")
        files[-1].write_text("".join(f'{START + at} "{number}-{n}"\n' for n, at in enumerate(of_file)))
        lines.append([(at, f'"{number}-{n}"') for n, at in enumerate(of_file)])
    expected = [body for _, body in heapq.merge(*lines, key=lambda line: line[0])]
    assert [line.body.decode() for line in Capture(files)] == expected
