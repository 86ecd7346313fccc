"""Messages, times, progress, and how commands are stopped."""

import pytest
import typer

from daogou.cli.terminal import INTERRUPTED, Stages, guarded, seconds, waiting
from daogou.errors import StoreError


def raising(error: BaseException) -> int:
    @guarded
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as stopped:
        command()
    return int(stopped.value.exit_code)


def test_an_expected_error_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(StoreError("It is [gone]. Run `daogou doctor`.")) == 1
    assert capsys.readouterr().err == "Error: It is [gone]. Run `daogou doctor`.\n"


def test_ctrl_c_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert raising(KeyboardInterrupt()) == INTERRUPTED
    assert capsys.readouterr().err == "\nStopped.\n"


def test_an_unexpected_error_keeps_its_traceback() -> None:
    @guarded
    def command() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        command()


def test_without_a_terminal_a_stage_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Stages() as stages:
        stages.stage("reading", 0, 10)
        stages.stage("reading", 10, 10)
        stages.say("[half] way")
        stages.stage("writing", 0, 1)
    assert capsys.readouterr().err == "reading ...\n[half] way\nwriting ...\n"
    assert list(stages.seconds) == ["reading", "writing"]


def test_an_interrupted_stage_is_not_counted_as_done() -> None:
    stages = Stages()
    stages.stage("reading", 1, 10)
    stages.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert stages.seconds == {}


def test_waiting_passes_errors_on() -> None:
    with pytest.raises(StoreError), waiting("Opening"):
        raise StoreError("no")


@pytest.mark.parametrize(
    ("value", "told"), [(0.42, "0.4 s"), (12.3, "12 s"), (99.4, "99 s"), (185.2, "3 min 05 s")]
)
def test_times_for_people(value: float, told: str) -> None:
    assert seconds(value) == told
