"""The disk: what the store put there stays there, though the power fails."""

from atom.recording import Recording
from atom.store import Log, Store, disk


def test_no_folder_is_made_that_a_power_cut_could_take_away(tmp_path, market, monkeypatch):
    """A folder is sure once the one above it is synced; the log's rows are removed only then."""
    synced, unsure = set(), []

    def sync(folder, real=disk.sync):
        real(folder)
        synced.add(folder)

    def remove(path, real=disk.remove):
        unsure.extend(each for each in tmp_path.rglob("*") if each.is_dir() and each.parent not in synced)
        real(path)

    monkeypatch.setattr(disk, "sync", sync)
    monkeypatch.setattr(disk, "remove", remove)
    with Log(tmp_path / "home" / "atom") as log:
        log.take(market)
    assert not list(tmp_path.rglob("00*1.log"))
    assert unsure == []


def test_an_import_is_on_the_disk_when_it_is_told(tmp_path, market, monkeypatch):
    synced = set()
    monkeypatch.setattr(disk, "sync", synced.add)
    places = Store(tmp_path / "atom").write(Recording(market, 0, 0, 0, 0))
    assert {place.parent for place in places} <= synced
    assert {
        folder.parent for place in places for folder in place.parents if folder.is_relative_to(tmp_path / "atom")
    } <= synced
