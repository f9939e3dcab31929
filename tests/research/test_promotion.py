"""A dataset appears whole or not at all: killed at any moment, out of space, imported twice, by two at once."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kernel.errors import CheckFailed, NotFound, UsageError
from research.importing.candles import Market
from research.importing.importer import import_candles
from tests.research.candle_files import expected_id, some_rows, write_csv, write_vendor_ms
from venues.dataset import list_manifests, open_dataset

MARKET = Market("binance", "BTC/USDT", "1m")

IMPORT = """
import sys
from pathlib import Path
from research.importing.candles import Market
from research.importing.importer import import_candles
print("ready", flush=True)
sys.stdin.readline()
import_candles(Path(sys.argv[1]), [Path(sys.argv[2])], Market("binance", "BTC/USDT", "1m"))
"""


def importing(home: Path, path: Path) -> subprocess.Popen[bytes]:
    """A process that has loaded everything and imports when it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, home, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    return process


def start(process: subprocess.Popen[bytes]) -> None:
    process.stdin.write(b"\n")
    process.stdin.close()


def test_the_same_candles_again_are_found_and_kept(tmp_path):
    path = write_csv(tmp_path / "rows", some_rows(20))
    first = import_candles(tmp_path / "home", [path], MARKET)
    again = import_candles(tmp_path / "home", [path, path], MARKET)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.manifest == first.manifest
    assert again.duplicates == 20


def test_the_files_cannot_be_written(tmp_path):
    manifest = import_candles(tmp_path / "home", [write_csv(tmp_path / "rows", some_rows(20))], MARKET).manifest
    for path in (tmp_path / "home" / "datasets" / manifest.dataset).iterdir():
        assert path.stat().st_mode & 0o222 == 0


def test_a_damaged_dataset_is_not_taken_for_an_import_already_done(tmp_path):
    path = write_csv(tmp_path / "rows", some_rows(20))
    manifest = import_candles(tmp_path / "home", [path], MARKET).manifest
    stored = tmp_path / "home" / "datasets" / manifest.dataset / "candles.parquet"
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes()[:-40])
    with pytest.raises(CheckFailed, match=manifest.dataset[:12]):
        import_candles(tmp_path / "home", [path], MARKET)


def test_killed_at_any_moment_it_leaves_no_dataset_or_a_whole_one(tmp_path):
    rows = some_rows(60_000)
    path = write_vendor_ms(tmp_path / "rows", rows)
    whole = expected_id(rows)
    home = tmp_path / "home"
    for delay_ms in (0, 60, 120, 180, 300):
        process = importing(home, path)
        start(process)
        time.sleep(delay_ms / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert [manifest.dataset for manifest in list_manifests(home)] in ([], [whole])
    import_candles(home, [path], MARKET)
    open_dataset(home, whole).verify()
    assert {entry.name for entry in (home / "datasets").iterdir()} == {whole, ".lock"}


def test_killed_between_the_last_write_and_the_rename_it_leaves_no_dataset(tmp_path):
    """The worst moment, made certain: the process kills itself when every byte but the rename is done."""
    code = (
        "import os, signal, sys; from pathlib import Path; from research.importing.promote import promote\n"
        "def write(directory):\n"
        "    (directory / 'candles.parquet').write_bytes(b'all of it')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "promote(Path(sys.argv[1]) / 'datasets', 'ab' * 32, write)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "home"], check=False).returncode == -signal.SIGKILL
    assert list_manifests(tmp_path / "home") == []
    with pytest.raises(NotFound):
        open_dataset(tmp_path / "home", "ab" * 32)
    assert import_candles(tmp_path / "home", [write_csv(tmp_path / "rows", some_rows(20))], MARKET).is_new


def test_what_a_killed_import_left_is_removed_by_the_next(tmp_path):
    left = tmp_path / "home" / "datasets" / ".importing"
    left.mkdir(parents=True)
    (left / "candles.parquet").write_bytes(b"half of it")
    manifest = import_candles(tmp_path / "home", [write_csv(tmp_path / "rows", some_rows(20))], MARKET).manifest
    assert not left.exists()
    assert [found.dataset for found in list_manifests(tmp_path / "home")] == [manifest.dataset]


def test_two_imports_at_once_make_one_dataset(tmp_path):
    path = write_csv(tmp_path / "rows", some_rows(2_000))
    processes = [importing(tmp_path / "home", path) for _ in range(2)]
    for process in processes:
        start(process)
    assert [process.wait() for process in processes] == [0, 0]
    for process in processes:
        process.stdout.close()
    (manifest,) = list_manifests(tmp_path / "home")
    open_dataset(tmp_path / "home", manifest.dataset).verify()


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path):
    """The limit on a file's size stands in for a full disk: the write fails at the same place, with an OSError."""
    path = write_csv(tmp_path / "rows", some_rows(20_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(UsageError, match="cannot be written"):
            import_candles(tmp_path / "home", [path], MARKET)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert [left.name for left in (tmp_path / "home" / "datasets").iterdir()] == [".lock"]
    assert import_candles(tmp_path / "home", [path], MARKET).is_new


def test_what_a_richer_source_adds_to_a_dataset_that_is_there_is_kept_and_said(tmp_path):
    rows = some_rows(20)
    poor = import_candles(tmp_path / "home", [write_csv(tmp_path / "poor", rows)], MARKET)
    rich = import_candles(tmp_path / "home", [write_vendor_ms(tmp_path / "rich", rows)], MARKET)
    assert rich.manifest == poor.manifest
    (attachment,) = (tmp_path / "home" / "attachments").glob("[0-9a-f]*")
    assert f"kept as attachment {attachment.name[:12]}" in rich.notes[-1]
