"""The running tasks of a Dask worker: how to end them, and where they write.

Dask cannot end a running task. The worker notifies an :class:`Attendant` when a task is no longer
wanted: it was cancelled, its client or the scheduler has ended, or the worker closes. The attendant
then ends the task's processes. The workers of a machine share ``tasks/`` in its cache; the next
worker removes the processes and files that a killed one has left there.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin

from condavision.exec_stage.child_process import Stop
from condavision.exec_stage.orphans import end_orphans
from condavision.system.cache_dir import home
from condavision.system.file_lock import exclusive, try_exclusive
from condavision.system.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Worker

FOLDER = "tasks"

_NAME = "condavision"
_SHARED = "shared"
_LOCK = ".lock"
_DONE = frozenset({"memory", "error"})
_making = threading.Lock()


class Attendant(WorkerPlugin):  # type: ignore[misc]
    """Watches the tasks of one worker, which have ``folder`` for files that are sent back."""

    def __init__(self, parent: Path) -> None:
        """Make a folder below ``parent``, and remove those of workers that were killed.

        Raises:
            OSError: it cannot be made.
        """
        parent.mkdir(parents=True, exist_ok=True)
        _clear(parent)
        self.folder = parent / secrets.token_hex(8)
        self._held = ExitStack()
        self._held.enter_context(exclusive(self.folder.with_suffix(_LOCK), lambda: None))
        self.folder.mkdir(mode=0o700)
        self._running: dict[str, Stop] = {}
        self._shared: set[Path] = set()
        self._is_closed = False

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """End a task that is no longer wanted."""
        if start == "executing" and finish not in _DONE:
            self.end(key)

    def end(self, key: Any) -> bool:
        """End the task of a key; return whether it runs."""
        stop = self._running.get(key)
        if stop is not None:
            stop.set()
        return stop is not None

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - of a plugin
        """End all tasks: the worker closes."""
        self._is_closed = True
        for stop in list(self._running.values()):
            stop.set()
        self._leave()

    @contextmanager
    def attending(self, worker: Worker, key: str) -> Iterator[Stop]:
        """Yield what ends the task of this key, for as long as it runs in this thread."""
        stop = self._running[key] = Stop()
        try:
            state = worker.state.tasks.get(key)
            if state is None or state.state != "executing":  # no longer wanted already
                stop.set()
            yield stop
        finally:
            del self._running[key]
            self._leave()

    def folder_in(self, shared: Path) -> Path:
        """Return this worker's folder below one that other machines see.

        Raises:
            OSError: it cannot be made.
        """
        own = shared / self.folder.name
        own.mkdir(mode=0o700, exist_ok=True)  # the same results may be written again, from nothing
        if own not in self._shared:
            with (self.folder / _SHARED).open("a", encoding="utf-8") as stream:
                stream.write(f"{own}\0")
            self._shared.add(own)
        return own

    def _leave(self) -> None:
        if self._is_closed and not self._running:
            remove_tree(self.folder)
            self.folder.with_suffix(_LOCK).unlink(missing_ok=True)
            self._held.close()


def attendant_of(worker: Worker) -> Attendant:
    """Return the attendant of a worker, which gets one with its first task.

    Raises:
        UntrustedError: another user can change what is in the cache.
        OSError: it cannot be written.
    """
    with _making:
        found = find_attendant(worker)
        if found is None:
            found = Attendant(home() / FOLDER)
            # Not registered by the client: the scheduler would keep it, and give it to all workers.
            added = worker.plugin_add(found, _NAME)
            asyncio.run_coroutine_threadsafe(added, worker.loop.asyncio_loop).result()
        return found


def find_attendant(worker: Worker) -> Attendant | None:
    """Return the attendant of a worker that has had a task."""
    found = worker.plugins.get(_NAME)
    return found if isinstance(found, Attendant) else None


def _clear(parent: Path) -> None:
    """End what killed workers of this machine have left running, and remove what they left."""
    for lock in parent.glob(f"*{_LOCK}"):
        with try_exclusive(lock) as held:
            if held is not None:
                folder = lock.with_suffix("")
                for path in (folder, *_shared_of(folder)):
                    end_orphans(path)
                remove_tree(folder)
                lock.unlink(missing_ok=True)


def _shared_of(folder: Path) -> Iterator[Path]:
    with suppress(OSError, UnicodeError):
        text = (folder / _SHARED).read_text(encoding="utf-8")
        yield from map(Path, text.split("\0")[:-1])
