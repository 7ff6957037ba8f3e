import pytest

from atom.capture import Capture, Form, Line
from atom.live import raw as raws
from atom.live.raw import HTTP, Raw
from fusion.errors import FusionError

NOW = 1_704_067_200 * 10**9 + 5
WS, REST = "wss://venue.example/stream", "https://venue.example/depth?symbol=A"
LINES = [
    (Line(NOW, Form.NOTE, WS, b'expect ["A"]', 0, 1), WS),
    (Line(NOW + 1, Form.CONNECT, WS, b"", 0, 1), WS),
    (Line(NOW + 2, Form.MESSAGE, "", b'{"a":1}', 0, 1), WS),
    (Line(NOW + 3, Form.ODD, "", b'{"a', 0, 1), WS),
    (Line(NOW + 4, Form.ANSWER, REST, b'{"b":2}', 0, HTTP), REST),
    (Line(NOW + 5, Form.ODD, REST, b"<html>", 0, HTTP), REST),
    (Line(NOW + 6, Form.MESSAGE, "", b'{"a":2}', 0, 1), WS),
    (Line(NOW + 7, Form.ODD, "", b"", 0, 1), WS),
]


def told(folder):
    files = sorted(folder.glob("*/*"))
    return [(*line[:3], line.body.rstrip(b"\n")) for line in Capture(files)], [file.name for file in files]


def test_what_is_written_is_read_back_in_order(tmp_path):
    raw = Raw(tmp_path, NOW)
    for line, url in LINES:
        raw.write("binance", line, url)
        raw.flush()  # many small frames are one file
    raw.close()
    lines, names = told(tmp_path)
    assert names == ["binance.http.0.0.zst", "binance.ws.1.0.zst"]
    assert lines == [tuple(line[:4]) for line, _ in LINES]


def test_a_large_file_is_followed_by_another_of_the_same_stream(tmp_path, monkeypatch):
    monkeypatch.setattr(raws, "_ROTATE", 1)
    raw = Raw(tmp_path, NOW)
    for line, url in LINES:
        raw.write("binance", line, url)
        raw.flush()
    raw.close()
    lines, names = told(tmp_path)
    assert len(names) == len(LINES)
    assert lines == [tuple(line[:4]) for line, _ in LINES]
    streams = {line.stream for line in Capture([tmp_path / raw.folder.name / name for name in names]) if not line.url}
    assert len(streams) == 1


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    raw = Raw(tmp_path / "file", NOW)
    raw.write("binance", *LINES[2])
    with pytest.raises(FusionError, match="cannot be written: Not a directory"):
        raw.flush()
