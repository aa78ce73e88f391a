"""Files that go with a task, and those that come back, where machines share no folder."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from condavision.errors import CondavisionError
from condavision.exec_stage.run_folder import RunFolder, new_run_folder
from condavision.system.files import open_file, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from condavision.cluster.task import File, Outcome, Task


class TooLargeError(CondavisionError):
    """The files of a task are larger than the limit."""


def read_inputs(task: Task, limit: int) -> tuple[bytes, ...]:
    """Return the contents of a task's files.

    Raises:
        TooLargeError: they have more than ``limit`` bytes in all.
        OSError: one cannot be read.
    """
    found, left = [], limit
    for path in task.files:
        with open_file(path) as stream:
            content = stream.read(left + 1)
        left -= len(content)
        if left < 0:
            raise _too_large(f"the files of input {task.number}", limit)
        found.append(content)
    return tuple(found)


def write_inputs(task: Task, contents: Sequence[bytes], folder: Path) -> Task:
    """Write the files of a task below a new folder; return the task with their paths there.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(mode=0o700)
    places = {}
    for number, (name, content) in enumerate(zip(task.files, contents, strict=True)):
        place = folder / str(number) / PurePosixPath(name).name
        place.parent.mkdir(mode=0o700)
        place.write_bytes(content)
        places[name] = str(place)
    arguments = tuple(_moved(task.arguments, places))
    return replace(task, arguments=arguments, files=tuple(places.values()))


def _moved(words: Sequence[str], places: Mapping[str, str]) -> Iterator[str]:
    """Yield words in which paths, alone or as the value of an option, are replaced."""
    spelled = dict(places)
    for spell in (repr, json.dumps):  # of values that are literals
        spelled |= {spell(name)[1:-1]: spell(place)[1:-1] for name, place in places.items()}
    names = "|".join(map(re.escape, sorted(spelled, key=len, reverse=True)))
    path = re.compile(rf"(?:(?<![\w./-])|(?<=^-\w))(?:{names})(?![\w./-])")
    return (path.sub(lambda it: spelled[it[0]], word) if names else word for word in words)


def with_contents(outcome: Outcome, limit: int) -> Outcome:
    """Return an outcome that has the content of its files; its folder is removed.

    Raises:
        TooLargeError: they have more than ``limit`` bytes in all.
        OSError: one cannot be read.
    """
    if not outcome.folder:
        return outcome
    written = RunFolder(Path(outcome.folder))
    left = limit

    def content(file: File) -> File:
        nonlocal left
        if file.content is not None:
            return file
        left -= file.size
        if left < 0:
            raise _too_large(f"what input {outcome.number} wrote", limit)
        return replace(file, content=_read(written, file))

    try:
        return replace(
            outcome,
            stdout=content(outcome.stdout),
            stderr=content(outcome.stderr),
            files=tuple(map(content, outcome.files)),
            folder="",
        )
    finally:
        remove_tree(written.path)


def _read(written: RunFolder, file: File) -> bytes:
    with open_file(written.path / file.name) as stream:
        return stream.read(file.size)


def in_folder(outcome: Outcome, parent: Path, inline: int) -> Outcome:
    """Return an outcome whose large streams and files are in a new folder below ``parent``.

    Raises:
        CondavisionError: the name of a file leads out of it, or a folder is not below ``parent``.
        OSError: they cannot be written.
    """
    if outcome.folder and not Path(os.path.normpath(outcome.folder)).is_relative_to(parent):
        raise CondavisionError(f"a worker names the folder {outcome.folder!r}", "find out why")
    if outcome.folder or not (outcome.files or _is_large(outcome.stdout, outcome.stderr, inline)):
        return outcome
    made = new_run_folder(parent)
    made.make()

    def put(file: File, most: int) -> File:
        if file.content is None or file.size <= most:
            return file
        place = _place(file, made.path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.content)
        return replace(file, content=None)

    return replace(
        outcome,
        stdout=put(outcome.stdout, inline),
        stderr=put(outcome.stderr, inline),
        files=tuple(put(it, -1) for it in outcome.files),
        folder=str(made.path),
    )


def _is_large(stdout: File, stderr: File, inline: int) -> bool:
    return max(stdout.size, stderr.size) > inline


def _place(file: File, folder: Path) -> Path:
    try:
        return file.path_in(folder)
    except ValueError as error:
        problem = f"a worker sent a file with the name {file.name!r}"
        raise CondavisionError(problem, "find out why") from error


def _too_large(what: str, limit: int) -> TooLargeError:
    return TooLargeError(
        f"{what} has more than {limit} bytes",
        "keep files on storage that all machines share, or raise --ship-limit",
    )
