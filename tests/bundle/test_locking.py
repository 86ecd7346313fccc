"""One training at a time, one change of the pointer at a time; a lock ends with its process."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from daogou.bundle import training
from daogou.bundle.locking import FileLock
from daogou.bundle.unfinished import PREFIX, Unfinished, sweep
from daogou.errors import BundleError

TRAINS: Final = """
import sys, time
from pathlib import Path
from daogou.bundle import BundleWriter, training

with training(Path(sys.argv[1])), BundleWriter(Path(sys.argv[1])) as writer:
    writer.add_json("model", {"width": 4})
    print("trains", flush=True)
    time.sleep(600)
"""


def held_elsewhere(root: Path) -> "subprocess.Popen[str]":
    """Another process that trains, and has begun to write a bundle."""
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINS, str(root)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "trains\n"
    return process


def test_one_training_at_a_time_and_none_after_it_was_killed(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path) as process:
        try:
            with (
                pytest.raises(BundleError, match=rf"under way in .*process {process.pid}, since"),
                training(tmp_path),
            ):
                pass
            assert sweep(tmp_path) == 0  # somebody works on it
            assert [path for path in tmp_path.glob(f"{PREFIX}*") if path.is_dir()]
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    # Its lock went with it; what it left is swept by whoever trains next.
    with training(tmp_path):
        assert not list(tmp_path.glob(f"{PREFIX}*"))
    assert not list(tmp_path.iterdir())


def test_a_training_that_failed_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), training(tmp_path), Unfinished(tmp_path):
        raise ZeroDivisionError
    with training(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_lock_is_taken_once(tmp_path: Path) -> None:
    one, two = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire()
    assert one.acquire()  # it has it
    assert not two.acquire()
    assert two.holder().startswith("process ")
    one.release()
    assert two.acquire()
    two.release(remove=True)
    assert not (tmp_path / "lock").exists()
    assert two.holder() == ""


def test_what_no_lock_lies_beside_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}12345678" / "inner").mkdir(parents=True)
    (tmp_path / f"{PREFIX}87654321.lock").write_text("process 1, since long ago")
    assert sweep(tmp_path) == 1
    assert not list(tmp_path.iterdir())
