"""Reading many files on every processor: each process gets a share of them and returns their facts.

These are plain subprocesses, because a pool of ``multiprocessing`` runs the caller's main module
again in each of them, or forks a caller that may have threads.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from itertools import islice, starmap
from typing import IO, TYPE_CHECKING

from condavision.analysis.facts.facts import FileFacts, read_file
from condavision.system.own_python import own_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NamedFile = tuple[str, str]
"""A file's path and the name people are shown."""

_Helper = tuple[subprocess.Popen[bytes], IO[bytes]]
"""A process, and the file it writes facts to."""

_AT_ONCE = 50  # files whose facts a process holds before it writes them
_WORTH_PROCESSES = 100  # files; below, starting a process costs more than it saves


def read_files(files: Sequence[_NamedFile]) -> list[FileFacts]:
    """Read files, in several processes where that is faster; the order stays."""
    count = min(os.cpu_count() or 1, len(files) // (_WORTH_PROCESSES // 2))
    if count < 2 or not sys.executable:
        return [*starmap(read_file, files)]
    shares = _shares(files, count)
    helpers = [(share, _start(share)) for share in shares[1:]]
    found = dict(zip(shares[0], starmap(read_file, shares[0]), strict=True))
    for share, process in helpers:
        found.update(zip(share, _collect(process, share), strict=True))
    return [found[file] for file in files]


def _shares(files: Sequence[_NamedFile], count: int) -> list[list[_NamedFile]]:
    """Deal the files out, largest first, so that all shares take about as long."""
    by_size = sorted(files, key=lambda file: (-_size(file[0]), file))
    return [by_size[at::count] for at in range(count)]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - paths are strings here
    except OSError:
        return 0


def _start(share: list[_NamedFile]) -> _Helper | None:
    """Start a process on its share, with files in place of pipes, which block once full.

    Return None where the process or a file cannot be made.
    """
    with suppress(OSError), tempfile.TemporaryFile() as given:
        pickle.dump(share, given, protocol=5)
        given.seek(0)
        found = tempfile.TemporaryFile()  # noqa: SIM115 - _collect closes it
        command = own_python(f"from {__name__} import main; main()")
        try:
            process = subprocess.Popen(
                command, stdin=given, stdout=found, stderr=subprocess.DEVNULL
            )
        except OSError:
            found.close()
            raise
        return process, found
    return None


def _collect(helper: _Helper | None, share: list[_NamedFile]) -> Iterator[FileFacts]:
    """Yield the facts of a process; the files that are missing from them are read here."""
    missing = len(share)
    if helper is not None:
        process, found = helper
        with process, found:
            process.wait()
            found.seek(0)
            with suppress(EOFError, pickle.UnpicklingError):
                while missing:
                    readings = pickle.load(found)  # noqa: S301 - from our own child
                    missing -= len(readings)
                    yield from readings
    yield from starmap(read_file, share[len(share) - missing :])


def main() -> None:
    """Read the files named on standard input; write their facts to standard output in parts."""
    share = iter(pickle.load(sys.stdin.buffer))  # noqa: S301 - from our own parent
    while part := list(islice(share, _AT_ONCE)):
        sys.stdout.buffer.write(pickle.dumps([*starmap(read_file, part)], protocol=5))
