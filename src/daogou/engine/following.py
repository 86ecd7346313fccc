"""An engine that takes up the bundle which training or a rollback has made the active one."""

import gc
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from daogou.bundle import Bundle, BundleConfig, RemoteShelf
from daogou.bundle.locking import FileLock
from daogou.bundle.pointer import pointer_stamp, read_pointer
from daogou.engine.engine import Engine
from daogou.errors import BundleError, EncoderError

log = logging.getLogger("daogou.engine")

Outcome = Literal["swapped", "refused", "failed", "unfetched"]
"""Another bundle took over; one failed its checks; something else went wrong, and is tried again;
what the shared folder or bucket has cannot be had."""
OUTCOMES: Final[tuple[Outcome, ...]] = ("swapped", "refused", "failed", "unfetched")
SECONDS: Final = 1.0
"""How often the file in the home folder is looked at."""
_LOADING: Final = ".loading.lock"
_LONGEST_PAUSE: Final = 60.0


class Follower:
    """Looks which bundle is the active one, in a thread of its own; a context manager.

    Of several processes of a machine one at a time loads a bundle, so that not all of them have
    two in memory at once.

    Parameters
    ----------
    root
        Where bundles are, with the pointer to the active one.
    remote
        From where they are fetched to ``root``; None where training writes there.
    tell
        Told what became of a bundle: the outcome, and its id or what is wrong.
    tick
        Called after each look.
    """

    def __init__(
        self,
        engine: Engine,
        root: Path,
        config: BundleConfig | None = None,
        *,
        remote: RemoteShelf | None = None,
        tell: Callable[[Outcome, str], None] = lambda *_: None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._root = root
        self._config = config or BundleConfig()
        self._remote = remote
        self._tell = tell
        self._tick = tick
        self._dealt_with: object = ()
        self._polled = -float("inf")
        self._complaint = ""
        self._pause = 0.0
        self._again = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bundles", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)  # one that is loading a bundle ends with the process

    def look(self) -> Outcome | None:
        """Take up what is new; None where nothing is."""
        self._fetch()
        stamp = pointer_stamp(self._root)
        if stamp is None or stamp == self._dealt_with or time.monotonic() < self._again:
            return None
        try:
            pointer = read_pointer(self._root)
            if pointer is None or pointer.current == self._engine.bundle_id:
                self._dealt_with = stamp
                return None
            return self._take_up(pointer.current, stamp)
        except (BundleError, EncoderError) as error:
            self._dealt_with = stamp  # it will not get better; another one may come
            return self._told("refused", str(error))
        except Exception as error:
            # A database that does not answer, say: nothing is wrong with the bundle.
            self._pause = min(max(2 * self._pause, SECONDS), _LONGEST_PAUSE)
            self._again = time.monotonic() + self._pause
            return self._told("failed", f"{type(error).__name__}: {error}")

    def _take_up(self, name: str, stamp: object) -> Outcome | None:
        turn = FileLock(self._root / _LOADING)
        try:
            if not turn.acquire():
                return None  # another process has its turn
        except OSError:
            pass  # a folder that cannot be written to: no turns there
        try:
            bundle = Bundle.open(self._root / name, max_bytes=self._config.max_bytes)
            self._engine.adopt(bundle)
        finally:
            turn.release()
        self._dealt_with, self._pause = stamp, 0.0
        if gc.get_freeze_count():
            # As when the shop was opened: the collector need not walk over it again and again.
            gc.collect(1)
            gc.freeze()
        return self._told("swapped", name)

    def _fetch(self) -> None:
        if self._remote is None or time.monotonic() < self._polled + self._config.poll_seconds:
            return
        self._polled = time.monotonic()
        try:
            self._remote.fetch(self._root)
        except (BundleError, OSError) as error:
            if str(error) != self._complaint:  # said once, counted each time
                log.error("%s", error)
            self._complaint = str(error)
            self._tell("unfetched", str(error))
        else:
            self._complaint = ""

    def _told(self, outcome: Outcome, what: str) -> Outcome:
        if outcome == "swapped":
            log.info("Bundle %s is served now.", what)
        else:
            serving = self._engine.bundle_id or "no bundle"
            log.error("%s Still served: %s.", what, serving)
        self._tell(outcome, what)
        return outcome

    def _run(self) -> None:
        while not self._stop.wait(SECONDS):
            try:
                self.look()
                self._tick()
            except Exception:
                log.exception("Looking for a new bundle failed; it is tried again.")
