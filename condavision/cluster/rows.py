"""One row of a map's results: JSON that begins with the input as it was given."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.cluster.inputs import as_json
from condavision.system.documents import DocumentError, read_json
from condavision.system.files import remove_tree

if TYPE_CHECKING:
    from condavision.cluster.inputs import Input
    from condavision.cluster.task import File, Outcome

_FOLDERS = 1000  # tasks whose folders are in one folder


def beginning(given: Input) -> bytes:
    """Return what only the row of this input begins with."""
    return b'{"input": %b, ' % given.shown


def row_of(given: Input, outcome: Outcome, folder: Path) -> bytes:
    """Return the row of an input; what the task wrote is moved into the folder of results.

    Raises:
        OSError: that is not possible.
        ValueError: the name of a file leads out of the results.
    """
    number = outcome.number
    kept = folder / f"files/{number // _FOLDERS}/{number}"
    remove_tree(kept)
    if outcome.folder:
        kept.parent.mkdir(parents=True, exist_ok=True)
        Path(outcome.folder).rename(kept)
    reason = {} if outcome.reason is None else {"reason": outcome.reason.value}
    fields = {
        "exit_code": outcome.exit_code,
        **reason,
        "stdout": _stream(outcome.stdout, kept, folder),
        "stderr": _stream(outcome.stderr, kept, folder),
        "files": [_name(it, kept, folder) for it in outcome.files],
        "seconds": round(outcome.seconds, 3),
        "host": outcome.host,
    }
    return beginning(given) + as_json(fields)[1:] + b"\n"


def succeeded(row: bytes) -> bool | None:
    """Return whether a row is that of an input that succeeded; None for what is no row."""
    try:
        return bool(read_json(row)["exit_code"] == 0)
    except (DocumentError, KeyError, TypeError):
        return None


def last_error(rows: Path, number: int) -> str:
    """Return the last line on standard error of an input; empty where it is not in the row."""
    with suppress(DocumentError, KeyError, TypeError, OSError), rows.open("rb") as stream:
        row = next(islice(stream, number - 1, None), b"")
        text = read_json(row)["stderr"]
        return next(filter(None, map(str.strip, reversed(text.splitlines()))), "")
    return ""


def _stream(stream: File, kept: Path, folder: Path) -> str | dict[str, str]:
    """Return the text of a stream, or the name of its file."""
    if stream.content is not None:
        with suppress(UnicodeDecodeError):
            return stream.content.decode()
    return {"file": _name(stream, kept, folder)}


def _name(file: File, kept: Path, folder: Path) -> str:
    """Return the name of a file in the results, where its content is written if it came."""
    path = file.path_in(kept)
    if file.content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return path.relative_to(folder).as_posix()
