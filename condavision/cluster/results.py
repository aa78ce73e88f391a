"""The folder of a map's results: a row for each input in order, and what survives a kill.

``results.jsonl`` has the rows of the first inputs, without a gap. A row that is known before one of
an earlier input waits in the journal. Both are only appended to: whatever kills the process, only a
torn last line is lost, and its input is run again.

    results.jsonl            a row a line, in the order of the inputs
    files/0/17/work/a.csv    what input 17 wrote; ``stdout`` and ``stderr`` too large for a row
    .map/job.json            what the rows are results of
    .map/journal             rows that wait: number, space, row
    .map/lock                held by the process that writes
    .map/running/            the folders of tasks that run, and inputs that were piped
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from condavision.cluster.rows import beginning, row_of, succeeded
from condavision.errors import CondavisionError, UsageError
from condavision.exec_stage.orphans import end_orphans
from condavision.system.documents import DocumentError, read_json
from condavision.system.file_lock import try_exclusive
from condavision.system.files import remove_tree, replacing, write_atomic
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from condavision.cluster.inputs import Input
    from condavision.cluster.task import Outcome

ROWS = "results.jsonl"
OWN = ".map"
_JOB = "job.json"
_COMPACTED = 1 << 26  # bytes of a journal that is rewritten once most of it is in the results


@dataclass(slots=True)
class Results:
    """The results of one map, held by this process."""

    folder: Path
    changed: tuple[str, ...] = ()
    """What has changed since earlier results, which were dropped for that."""
    replaced: int = 0
    """How many earlier results are of other inputs than those that are in their place now."""
    written: int = 0
    """How many rows are in the results."""
    _files: ExitStack = field(default_factory=ExitStack)
    _rows: BinaryIO = field(init=False)
    _journal: BinaryIO = field(init=False)
    _waiting: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Where in the journal the rows that wait are: offset and size, by number."""
    _earlier: Iterator[bytes] | None = None
    """Rows of earlier results that have not been compared with their inputs yet."""
    _kept: int = 0
    """Bytes of those that stay."""
    _seen: int = 0

    @property
    def own(self) -> Path:
        """The folder of everything but results."""
        return self.folder / OWN

    @property
    def running(self) -> Path:
        """Where tasks get their folders."""
        return self.own / "running"

    def open(self, identity: Mapping[str, Any]) -> None:
        """Read earlier results; drop them if they are those of something else.

        Raises:
            OSError: the folder cannot be read or written.
        """
        described = self.own / _JOB
        found: dict[str, Any] = {}
        with suppress(OSError, DocumentError):
            found = read_json(described.read_bytes())
        if found:
            self.changed = tuple(name for name, it in identity.items() if found.get(name) != it)
        if self.changed or not found:
            for name in (ROWS, f"{OWN}/journal"):
                (self.folder / name).unlink(missing_ok=True)
            remove_tree(self.folder / "files")
            write_atomic(described, json.dumps(identity, indent=1) + "\n")
            write_atomic(self.own / ".gitignore", "*\n")  # it is not to be committed
        self._rows = self._files.enter_context((self.folder / ROWS).open("ab", buffering=0))
        self._open_journal()
        self._earlier = _complete(self.folder / ROWS)

    def _open_journal(self) -> None:
        path = self.own / "journal"
        self._journal = self._files.enter_context(path.open("ab+", buffering=0))
        self._waiting.clear()
        offset = 0
        for line in _complete(path):
            number, _, row = line.partition(b" ")
            if not number.isdigit():
                break
            self._waiting[int(number)] = (offset + len(number) + 1, len(row))
            offset += len(line)
        self._journal.truncate(offset)

    def earlier(self, number: int, given: Input, *, only_ok: bool) -> bool | None:
        """Return whether an input has succeeded earlier; None if it has to run.

        To be called for each input, in order. With ``only_ok`` one that failed has to run.
        """
        self._seen = number
        row = self._row_of(number)
        if row is None:
            return None
        is_ok = succeeded(row)
        is_other = not row.startswith(beginning(given))
        if is_ok is None or is_other or (only_ok and not is_ok):
            self.replaced += is_other
            self._drop(number)
            return None
        if self._earlier is not None:
            self._waiting.pop(number, None)
            self._kept += len(row)
            self.written = number
        self._flush()
        return is_ok

    def _row_of(self, number: int) -> bytes | None:
        if self._earlier is not None:
            row = next(self._earlier, None)
            if row is not None:
                return row
            self._cut()
        return self._read(number) if number in self._waiting else None

    def _drop(self, number: int) -> None:
        """Forget the row of an input; those that follow it wait from now on."""
        self._waiting.pop(number, None)
        if self._earlier is not None:
            for later, row in enumerate(self._earlier, number + 1):
                self._wait(later, row)
            self._cut()

    def _cut(self) -> None:
        """Cut off what follows the rows that stay."""
        self._earlier = None
        self._rows.truncate(self._kept)

    def add(self, given: Input, outcome: Outcome) -> None:
        """Keep the outcome of an input for good.

        Raises:
            OSError: it cannot be written.
        """
        row = row_of(given, outcome, self.folder)
        if outcome.number == self.written + 1:
            _append(self._rows, row)
            self.written += 1
            self._flush()
        else:
            self._wait(outcome.number, row)

    def _wait(self, number: int, row: bytes) -> None:
        _append(self._journal, b"%d %b" % (number, row))
        end = self._journal.seek(0, os.SEEK_END)
        self._waiting[number] = (end - len(row), len(row))

    def _read(self, number: int) -> bytes:
        offset, size = self._waiting[number]
        return os.pread(self._journal.fileno(), size, offset)

    def _flush(self) -> None:
        """Write the rows that no longer have to wait."""
        if self._earlier is not None:
            return
        while self.written < self._seen and self.written + 1 in self._waiting:
            _append(self._rows, self._read(self.written + 1))
            self.written += 1
            del self._waiting[self.written]
        size = self._journal.seek(0, os.SEEK_END)
        if size > _COMPACTED and sum(it for _, it in self._waiting.values()) < size // 2:
            self._compact()

    def _compact(self) -> None:
        """Rewrite the journal with only what is not in the results."""
        with replacing(self.own / "journal", b"") as path, path.open("wb") as stream:
            for number in sorted(self._waiting):
                stream.write(b"%d %b" % (number, self._read(number)))
        self._journal.close()
        self._open_journal()

    def complete(self) -> None:
        """Put the rows of all inputs on disk, and empty the journal."""
        if self._earlier is not None:
            self.replaced += sum(1 for _ in self._earlier)
            self._cut()
        os.fsync(self._rows.fileno())
        self._journal.truncate(0)
        self._waiting.clear()

    def close(self) -> None:
        """Close the files."""
        self._files.close()


@contextmanager
def held(folder: Path) -> Iterator[Results]:
    """Hold a folder of results, which is made if need be; end what a killed process left there.

    Raises:
        UsageError: another process holds it, or it has results of something else.
        CondavisionError: it cannot be written, be it now or while it is held.
    """
    try:
        yield from _held(folder)
    except OSError as error:
        raise CondavisionError(
            f"{error.filename or folder / ROWS} cannot be written: {error.strerror or error}",
            "fix that; the same command then runs the rest",
        ) from error


def _held(folder: Path) -> Iterator[Results]:
    own = folder / OWN
    if (folder / ROWS).exists() and not own.is_dir():
        raise UsageError(
            f"{folder / ROWS} was not written by `condavision map`", "choose another folder"
        )
    own.mkdir(parents=True, exist_ok=True)
    with try_exclusive(own / "lock") as descriptor:
        if descriptor is None:
            raise UsageError(
                f"another `condavision map` writes to {folder}",
                "wait for it, or stop it",
                f"find it: run `fuser {shell_word(own / 'lock')}`",
            )
        results = Results(folder.absolute())
        end_orphans(results.running)
        remove_tree(results.running)
        results.running.mkdir()
        try:
            yield results
        finally:
            results.close()
            remove_tree(results.running)
            if not (own / _JOB).exists():  # nothing was run
                remove_tree(own)
                with suppress(OSError):
                    folder.rmdir()


def _append(stream: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


def _complete(path: Path) -> Iterator[bytes]:
    """Yield the complete lines of a file, up to one that is torn."""
    with path.open("rb") as lines:
        for line in lines:
            if not line.endswith(b"}\n"):
                return
            yield line
