"""Running condavision as a person does: a process, its output, its exit code."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from unittest.mock import patch

from condavision import errors
from condavision.cli import main
from condavision.errors import CondavisionError

if TYPE_CHECKING:
    from collections.abc import Iterator

CONDAVISION = [sys.executable, "-m", "condavision"]


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command left: exit code and output."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return standard output, read as JSON."""
        return json.loads(self.out)

    def ok(self) -> Finished:
        """Fail the test unless the command succeeded."""
        said = f"exit code {self.code}\n{self.out}\n{self.err}"
        # workers of xdist can report text alone, and end where a file name is none
        assert self.code == 0, said.encode("utf-8", "backslashreplace").decode()
        return self


@dataclass(frozen=True, slots=True)
class CommandLine:
    """condavision in a folder; ``merged``: with standard error where it comes, in the output."""

    folder: Path
    merged: bool = False

    def __call__(
        self,
        *arguments: str | Path,
        stdin: str = "",
        environ: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Finished:
        """Run one command to its end."""
        return self.process(
            [*CONDAVISION, *map(str, arguments)], stdin=stdin, environ=environ, cwd=cwd
        )

    def process(
        self,
        command: list[str],
        *,
        stdin: str = "",
        environ: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Finished:
        """Run any command to its end; it may keep its bytecode, whatever runs the tests."""
        given = {**os.environ, **(environ or {})}
        return _run(command, cwd or self.folder, given, stdin, merged=self.merged)


def _run(
    command: list[str], cwd: Path, environ: dict[str, str], stdin: str = "", *, merged: bool = False
) -> Finished:
    result = subprocess.run(
        command,
        cwd=cwd,
        input=stdin,
        env={k: v for k, v in environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merged else subprocess.PIPE,
        text=True,
        errors="surrogateescape",  # file names are any bytes
        check=False,
        timeout=600,  # of a busy machine, where conda solves for minutes
    )
    return Finished(result.returncode, result.stdout, result.stderr or "")


class InProcess(CommandLine):
    """condavision in a folder, without a separate process if none is needed.

    A process more costs each test what importing everything costs. A warm ``run`` imports nothing,
    and is one; a cold one becomes the script's process, which is started here in its place.
    """

    def __call__(
        self,
        *arguments: str | Path,
        stdin: str = "",
        environ: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Finished:
        """Run one command to its end."""
        if stdin or ("run" in arguments[:1] and _is_warm({**os.environ, **(environ or {})})):
            return CommandLine.__call__(self, *arguments, stdin=stdin, environ=environ, cwd=cwd)
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        err = out if self.merged else err
        with (
            patch.dict(os.environ, environ or {}),
            _log_as_before(),
            contextlib.chdir(cwd or self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch("os.execve", _instead_of_execve),
        ):
            try:
                ran = Finished(main(list(map(str, arguments))), "", "")
            except _Script as script:
                ran = _run(*script.args, merged=self.merged)
        return Finished(ran.code, _text(out) + ran.out, "" if self.merged else _text(err) + ran.err)


@contextlib.contextmanager
def _log_as_before() -> Iterator[None]:
    """Close the log that ``-v`` opens for the rest of a process."""
    log = logging.getLogger("condavision")
    level, handlers = log.level, [*log.handlers]
    try:
        yield
    finally:
        log.setLevel(level)
        log.handlers[:] = handlers


class _Script(BaseException):
    """What this process would have become: a command, its folder and environment variables."""


def _instead_of_execve(_: str, command: list[str], environ: dict[str, str]) -> NoReturn:
    raise _Script(command, Path.cwd(), environ)


def _is_warm(environ: dict[str, str]) -> bool:
    folder = environ.get("CONDAVISION_HOME")
    return folder is None or any(Path(folder, "warm").glob("*"))


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def on_terminal(command: list[str], typed: str = "", code: int = 0, **options: Any) -> str:
    """Return what a command wrote to a terminal, on which ``typed`` was typed ahead.

    ``code`` is the exit code that it has to end with.
    """
    import pty  # which Windows lacks

    leader, follower = pty.openpty()
    os.write(leader, typed.encode())
    with subprocess.Popen(
        command, stdin=follower, stdout=follower, stderr=follower, **options
    ) as process:
        os.close(follower)
        found = b""
        with contextlib.suppress(OSError):  # the end, in Linux
            while part := os.read(leader, 1 << 16):  # which is as much as is there
                found += part
    os.close(leader)
    assert process.returncode == code, found
    return found.decode()


def error_classes() -> set[type[CondavisionError]]:
    """Return every error that a command can end with."""
    found = vars(errors).values()
    return {it for it in found if isinstance(it, type) and issubclass(it, CondavisionError)}
