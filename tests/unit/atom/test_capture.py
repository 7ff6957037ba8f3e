import gzip
import lzma

import pytest

from atom.capture import Capture, Form
from fusion.errors import CaptureError

WELL = b'1700000000000000001 {"a":1}\n1700000000000000002 {"a":2}\n'


def test_both_forms_are_read_by_arrival(by_hand):
    capture = Capture([by_hand / "futures.ws.txt", by_hand / "futures.http.txt"])
    lines = list(capture)
    forms = [Form.ANSWER, Form.CONNECT, Form.MESSAGE, Form.ANSWER, Form.MESSAGE, Form.MESSAGE, Form.MESSAGE]
    assert [line.form for line in lines] == forms
    assert lines[4].ts_recv == 1700000002000000100
    assert capture.where(lines[3].place).endswith("futures.http.txt:2")
    assert lines[3].url == "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_compression_is_seen_from_the_bytes(tmp_path, pack):
    path = tmp_path / "capture.bin"
    path.write_bytes(pack(WELL))
    assert [line.ts_recv for line in Capture([path])] == [1700000000000000001, 1700000000000000002]


def test_what_we_sent_and_asked_for_is_passed_over(tmp_path):
    path = tmp_path / "capture.txt"
    path.write_text('configuration: {}\n\nwss://x/y <- 1.5: {"subscribe":1}\n1.5: {"a":1}\n')
    assert [line.body for line in Capture([path])] == [b'{"a":1}']


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no message"),
        (b"\n\n", "holds no message"),
        (b"configuration: {}\n", "holds no message"),
        (b"time,price\n1,2\n", "capture:1: no recorded line begins with"),
        (WELL + b"17000 oops", "holds no JSON"),
        (WELL + b"\x00\xff\xfe", "capture:3: no recorded line"),
        (b"9" * 19 + b" {}\n", "capture:1: the time 9999999999999999999 is past"),
        (b"9" * 5000 + b" {}\n", "capture:1: no recorded line"),
        (b"9999999999: {}\n", "capture:1: the time"),
        (gzip.compress(WELL)[:-12], "capture:1: the compressed file is cut short or damaged"),
        (lzma.compress(WELL)[:-20], "cut short or damaged"),
        (b"\x1f\x8b" + b"\x00" * 40, "cut short or damaged"),
        (gzip.compress(WELL) + b"tail", "cut short or damaged"),
    ],
)
def test_what_is_no_capture_is_refused_with_its_line(tmp_path, content, told):
    from atom.reader import read_capture

    path = tmp_path / "capture"
    path.write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        read_capture("binance", [path])
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "line", ["wss://[ <-> {at}", "https://[ -> {at}: 1", "https://[ <! {at}: stale", "wss://[ <? {at}: 1"]
)
def test_what_is_no_address_is_refused_with_its_line(tmp_path, line):
    path = tmp_path / "capture"
    path.write_text(f"1633998512.5: {{}}\n{line.format(at='1633998513.5')}\n")
    with pytest.raises(CaptureError, match=r"capture:2: '\w+://\[' is no address"):
        list(Capture([path]))


def test_an_endless_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("atom.capture._LONGEST", 100)
    path = tmp_path / "capture"
    path.write_bytes(b"1" * 200)
    with pytest.raises(CaptureError, match="longer than 100 bytes"):
        list(Capture([path]))


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(CaptureError, match="cannot be read: No such file"):
        list(Capture([tmp_path / "none.gz"]))
    with pytest.raises(CaptureError, match="is a folder"):
        list(Capture([tmp_path]))
    with pytest.raises(CaptureError, match="no capture was named"):
        Capture([])
