"""The inputs of a map, read repeatedly and never held: JSON Lines, lines of a text, files.

=====  =========================================================================================
kind   one input is
=====  =========================================================================================
json   a JSON object: named parameters, ``args``, ``stdin``, as the web service takes them
line   a line of a text, which becomes the last argument
file   a file or folder, whose path becomes the last argument; ``-`` reads paths, one a line
=====  =========================================================================================

With batches, one process reads several inputs as lines of its standard input.
"""

from __future__ import annotations

import codecs
import glob
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from condavision.errors import UsageError
from condavision.parameters.arguments import arguments
from condavision.parameters.command_line import LONGEST
from condavision.parameters.paths import placed
from condavision.parameters.problems import InvalidParametersError
from condavision.system.documents import DocumentError, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from condavision.analysis.parameters.interface import Interface

PIPED = "-"
"""The source that is standard input."""

_Text = TypeVar("_Text", bytes, str)
_LINE = 1 << 26  # bytes of a line, which is held in memory
_SEEN = 100  # inputs between two reports
_SHOWN = 10  # wrong inputs that are listed
_JSON_LINES = (".jsonl", ".ndjson")


class Kind(StrEnum):
    """What one input is."""

    JSON = "json"
    LINE = "line"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Input:
    """What one process is given.

    ``shown`` is the JSON text of the input, or of the list of those of a batch. ``files`` are the
    absolute paths among the arguments; ``doubtful`` are parameters as in :class:`Placed`.
    """

    shown: bytes
    arguments: tuple[str, ...] = ()
    stdin: bytes | None = None
    files: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """One input: as JSON, as a line of a batch, as what it adds to the command line."""

    shown: bytes
    line: bytes
    given: Input


@dataclass(frozen=True, slots=True)
class Checked:
    """How many inputs there are; ``doubtful`` is as that of the first that has some."""

    count: int
    doubtful: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of a map, in their order; each iteration reads them anew.

    ``sources`` are files to read, or what the inputs are; a file in ``spooled`` is read in place of
    the source of that name. ``fixed`` arguments precede those of each input. ``interface`` is what
    the script's command line takes.
    """

    kind: Kind
    sources: tuple[str, ...]
    interface: Interface
    fixed: tuple[str, ...] = ()
    batch: int | None = None
    spooled: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[Input]:
        """Yield the inputs.

        Raises:
            UsageError: one cannot be used; the message begins with its place.
        """
        for item in self._items():
            if isinstance(item, _Wrong):
                raise UsageError(str(item), "correct that input")
            yield item

    def check(self, seen: Callable[[int], None] = lambda _: None) -> Checked:
        """Read all inputs; ``seen`` is called at intervals with the number so far.

        Raises:
            UsageError: some cannot be used, which it lists; or there is none.
        """
        wrong: list[str] = []
        count = 0
        doubtful: tuple[str, ...] = ()
        for item in self._items():
            if isinstance(item, _Wrong):
                wrong.append(str(item))
                if len(wrong) > _SHOWN:
                    wrong[-1] = "there are more"
                    break
            else:
                count += 1
                if count % _SEEN == 0:
                    seen(count)
                doubtful = doubtful or item.doubtful
        if wrong:
            raise UsageError(
                "\n".join(wrong), "see its parameters: run `condavision explain SCRIPT`"
            )
        if not count:
            raise UsageError(
                f"{', '.join(self.sources)}: there is no input", "give files, or lines in them"
            )
        return Checked(count, doubtful)

    def _items(self) -> Iterator[Input | _Wrong]:
        parts = self._parts()
        if self.batch is None:
            for part in parts:
                yield part if isinstance(part, _Wrong) else part.given
            return
        while group := list(islice(parts, self.batch)):
            found = [it for it in group if isinstance(it, _Part)]
            yield from (it for it in group if isinstance(it, _Wrong))
            shown = b"[" + b", ".join(it.shown for it in found) + b"]"
            yield Input(shown, self.fixed, b"".join(it.line + b"\n" for it in found))

    def _parts(self) -> Iterator[_Part | _Wrong]:
        read = {Kind.JSON: self._document, Kind.LINE: self._line, Kind.FILE: self._listed}[
            self.kind
        ]
        spooled = dict(self.spooled)
        for source in self.sources:
            if self.kind is Kind.FILE and source != PIPED:
                yield self._attempt(source, self._file, source)
                continue
            for number, line in enumerate(_lines(Path(spooled.get(source, source)), source), 1):
                if line.strip():
                    yield self._attempt(f"{source}:{number}", read, line)

    @staticmethod
    def _attempt(place: str, read: Callable[[_Text], _Part], text: _Text) -> _Part | _Wrong:
        try:
            return read(text)
        except OSError as error:
            return _Wrong(place, error.strerror or str(error))
        except (ValueError, InvalidParametersError) as error:
            return _Wrong(place, str(error))

    def _document(self, line: bytes) -> _Part:
        text = line.removeprefix(codecs.BOM_UTF8).strip()
        if b"\0" in text:  # which `json` takes for UTF-16
            raise ValueError("not valid JSON: it has a NUL byte")
        try:
            body = read_json(text)
        except DocumentError as error:
            raise ValueError(f"not valid JSON: {error.problem}") from error
        if self.batch is not None:
            return _Part(text, text, Input(text))
        made = arguments(self.interface, body)
        here = placed(self.interface, body)
        if here.files:
            made = arguments(self.interface, here.body)
        stdin = None if made.stdin is None else made.stdin.encode()
        words = self._words(made.argv)
        return _Part(text, text, Input(text, words, stdin, here.files, here.doubtful))

    def _line(self, line: bytes) -> _Part:
        text = os.fsdecode(line)
        shown = as_json(text)
        return _Part(shown, line, Input(shown, self._words((text,))))

    def _listed(self, line: bytes) -> _Part:
        return self._file(os.fsdecode(line))

    def _file(self, path: str) -> _Part:
        absolute = os.path.abspath(path)  # noqa: PTH100 - `..` behind a link is the script's business
        os.stat(absolute)  # noqa: PTH116 - ten million of them
        words = self._words((absolute,))
        shown = as_json(path)
        return _Part(shown, os.fsencode(absolute), Input(shown, words, None, (absolute,)))

    def _words(self, words: Sequence[str]) -> tuple[str, ...]:
        for word in words:
            if len(os.fsencode(word)) > LONGEST:
                raise ValueError(f"an argument has at most {LONGEST} bytes; use standard input")
            if "\0" in word:
                raise ValueError("an argument cannot hold a NUL character")
        return (*self.fixed, *words)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """An input that cannot be used: its place, and what is wrong with it."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


def as_json(value: Any) -> bytes:
    """Return the JSON text of a value, in which file names of any bytes survive."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def kind_of(words: Sequence[str]) -> Kind:
    """Return what inputs are by the names that were given."""
    is_text = all(it == PIPED or it.endswith(_JSON_LINES) for it in words)
    return Kind.JSON if is_text else Kind.FILE


def expanded(words: Iterable[str]) -> Iterator[str]:
    """Yield the names that patterns stand for, sorted; a name of a file stands for itself.

    Raises:
        UsageError: nothing has such a name.
    """
    for word in words:
        if word == PIPED or os.path.lexists(word):
            yield word
            continue
        found = sorted(glob.iglob(word, recursive=True)) if glob.has_magic(word) else []  # noqa: PTH207 - as it was typed
        if not found:
            raise UsageError(
                f"`{word}`: there is no such file", "check the path, from the current folder"
            )
        yield from found


def _lines(path: Path, source: str) -> Iterator[bytes]:
    """Yield the lines of a file, without their ends; ``source`` is its name in errors.

    Raises:
        UsageError: it cannot be read, or has a line that is too long.
    """
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(_LINE):
                number += 1
                if len(line) == _LINE:
                    raise UsageError(
                        f"{source}:{number}: longer than {_LINE >> 20} MiB",
                        "put such data in files of their own, and give those",
                    )
                yield line.removesuffix(b"\n").removesuffix(b"\r")
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror}", "give files that can be read") from error
