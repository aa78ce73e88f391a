"""Reading many files on every processor: each process is given its share and sends back facts.

These are plain subprocesses, because a pool of ``multiprocessing`` runs the caller's main module
again in each of them, or forks whatever threads the caller has.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.analysis.reading_file import Reading, read_file

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["read_files"]

Named = tuple[str, str]
"""A file's path and the name people are shown."""

_WORTH_PROCESSES = 100  # files; below, starting a process costs more than it saves
_START = "import json,sys; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main()"


def read_files(files: Sequence[Named]) -> list[Reading]:
    """Read files, in several processes where that is faster; the order stays."""
    count = min(os.cpu_count() or 1, len(files) // (_WORTH_PROCESSES // 2))
    if count < 2 or not sys.executable:
        return [read_file(*file) for file in files]
    shares = _shares(files, count)
    helpers = [(share, _start(share)) for share in shares[1:]]
    found = dict(zip(shares[0], map(_read, shares[0]), strict=True))
    for share, process in helpers:
        found.update(zip(share, _collect(process, share), strict=True))
    return [found[file] for file in files]


def _shares(files: Sequence[Named], count: int) -> list[list[Named]]:
    """Deal the files out, largest first, so that all shares take about as long."""
    by_size = sorted(files, key=lambda file: (-_size(file[0]), file))
    return [by_size[at::count] for at in range(count)]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - paths are strings here
    except OSError:
        return 0


def _start(share: list[Named]) -> subprocess.Popen[bytes] | None:
    """Start a process on its share, which is in a file: a pipe would be waited for once full.

    Where there is no room for either, the share is read here.
    """
    with suppress(OSError), tempfile.TemporaryFile() as file:
        pickle.dump(share, file, protocol=5)
        file.seek(0)
        return subprocess.Popen(
            [sys.executable, "-c", _START.format(__name__), json.dumps(sys.path)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    return None


def _collect(process: subprocess.Popen[bytes] | None, share: list[Named]) -> list[Reading]:
    if process is not None:
        with process:
            sent = process.stdout.read() if process.stdout is not None else b""
        if process.returncode == 0:
            return list(pickle.loads(sent))  # noqa: S301 - from our own child
    return [_read(file) for file in share]


def _read(file: Named) -> Reading:
    return read_file(*file)


def main() -> None:
    """Read the share on standard input; write what was found to standard output."""
    share = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    sys.stdout.buffer.write(pickle.dumps([_read(file) for file in share], protocol=5))
