"""Jupyter notebooks as one Python text: cells in order, magics as the Python that they run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from condavision.analysis.source.magics import cell_lines, shell_words
from condavision.errors import AnalysisError
from condavision.system.documents import DocumentError, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

Install = tuple[str, str, int]
"""``pip`` or ``conda``, what is installed, and the 0-based row that says so."""

_INSTALL = re.compile(
    rb"(?m)^[^\n#]*#[!%]{1,2}[ \t]*"
    rb"(?:\S*/|\S*python[\d.]*[ \t]+-m[ \t]+|\{\S+\}[ \t]+-m[ \t]+|sudo[ \t]+)*"
    rb"(?P<tool>pip[\d.]*|uv[ \t]+pip|conda|mamba|micromamba)[ \t]+install[ \t]+(?P<rest>[^\n]*)$"
)
_VALUED = {
    "-c", "-i", "-f", "-t", "-p", "-n", "-r", "-e", "--channel", "--index-url", "--extra-index-url",
    "--find-links", "--target", "--prefix", "--name", "--requirement", "--editable", "--constraint",
    "--file", "--python", "--proxy", "--timeout", "--root", "--src", "--upgrade-strategy",
    "--trusted-host", "--platform", "--no-binary", "--only-binary", "--progress-bar",
}  # fmt: skip
_SHELL = {"&&", ";", "|", "||", ">", ">>", "2>&1", "&", "<"}


def notebook_text(data: bytes, file: str) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Return a notebook's code as Python, and the first row and number of each code cell.

    Cells are numbered as in the file, from 1, Markdown included.

    Raises:
        AnalysisError: it is not a notebook, or one of another language.
    """
    try:
        notebook = read_json(data)
    except DocumentError as error:
        raise AnalysisError(
            f"{file}: not a notebook: {error.problem}", "open and save it again"
        ) from error
    cells = _cells(notebook)
    if cells is None:
        raise AnalysisError(f"{file}: not a notebook: it has no cells", "give a script instead")
    language = _language(notebook)
    if language not in {"", "python", "ipython"}:
        raise AnalysisError(
            f"{file}: a notebook in {language}, not in Python", "give one whose kernel is Python"
        )
    lines: list[str] = []
    starts = []
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            starts.append((len(lines), number))
            lines += _code(cell)
    return "\n".join([*lines, ""]).encode("utf-8", "replace"), tuple(starts)


def _cells(notebook: Any) -> list[Any] | None:
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if cells is None:  # format 3
        sheets = notebook.get("worksheets")
        if not isinstance(sheets, list):
            return None
        inside = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for it in inside if isinstance(it, list) for cell in it]
    return cells if isinstance(cells, list) else None


def _language(notebook: dict[str, Any]) -> str:
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        inner = metadata.get(key)
        if isinstance(inner, dict) and isinstance(inner.get(name), str):
            return str(inner[name]).lower().rstrip("0123456789.")
    return ""


def _code(cell: dict[str, Any]) -> list[str]:
    text = cell.get("source", cell.get("input", ""))
    if isinstance(text, list):
        text = "".join(part for part in text if isinstance(part, str))
    lines = text.replace("\r\n", "\n").split("\n") if isinstance(text, str) else []
    return list(cell_lines(lines))


def installs(text: bytes) -> Iterator[Install]:
    """Yield what the ``!pip install`` and ``%conda install`` lines of a notebook's text install."""
    for match in _INSTALL.finditer(text):
        row = text.count(b"\n", 0, match.start())
        tool = "pip" if b"pip" in match["tool"] else "conda"
        for word in _arguments(match["rest"].decode("utf-8", "replace")):
            yield tool, word, row


def _arguments(rest: str) -> Iterator[str]:
    skip = False
    for word in shell_words(rest):
        if skip:
            skip = False
        elif word in _SHELL:
            return
        elif word.startswith("-"):
            skip = word in _VALUED
        elif "$" not in word and "{" not in word:
            done = word.endswith(";")
            if word.rstrip(";"):
                yield word.rstrip(";")
            if done:
                return
