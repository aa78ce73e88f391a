"""Every error of the package that a user can get, with its exit code.

An error has a message and hints on what to do next. Only ``cli`` prints errors. A user's mistake, a
broken file or a network failure never ends a command with a traceback.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Diagnostic:
    """Base class of frozen values that each describe one likely mistake."""

    __slots__ = ()


class CondavisionError(Exception):
    """The base of all errors of the package.

    ``message`` is what happened, ``hints`` are what to do. ``diagnostics`` are likely mistakes that
    may have caused the error; they are printed as hints. ``code`` is the exit code of the command;
    ``docs/errors.md`` lists them. ``names_target`` is whether the message has the script or a line
    of it; to other messages ``cli`` adds their targets.
    """

    code: int = 1
    names_target: bool = False

    def __init__(self, message: str, *hints: str, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints
        self.diagnostics = tuple(diagnostics)


class OutputError(CondavisionError):
    """Standard output cannot be written: the disk is full, or its reader fails."""


class UsageError(CondavisionError):
    """The command line, or the call, is wrong (2, as in every command-line tool)."""

    code = 2


class MissingExtraError(UsageError):
    """What an extra of the package brings is not installed."""


class TargetKindError(UsageError):
    """A notebook, folder, module or other file is given where that kind cannot be used."""

    names_target = True


class ConfigError(UsageError):
    """The configuration cannot be read or has a wrong value."""

    names_target = True  # it is the same for every script


class DeclarationError(ConfigError):
    """A script or an override declares something that is not a requirement or a channel."""


class AnalysisError(CondavisionError):
    """The script is missing or cannot be read as Python, or no Python can run it."""

    code = 65  # EX_DATAERR of sysexits.h
    names_target = True


class NotPythonError(AnalysisError):
    """A line of a script is not Python: ``line`` is its text, ``column`` counts from 1."""

    def __init__(self, message: str, *hints: str, line: str = "", column: int = 0) -> None:
        super().__init__(message, *hints)
        self.line = line
        self.column = column


class UnreadableModuleError(AnalysisError):
    """A local module that a script reaches cannot be opened."""

    names_target = False


class UnknownImportError(CondavisionError):
    """No map, override or trusted channel knows the package of an import."""

    code = 66
    names_target = True


class RefutedImportError(UnknownImportError):
    """No package that may supply an import has it, as their files show."""


class UnacceptedNameError(UnknownImportError):
    """Imports have packages that nobody vouches for, and a person has to accept them.

    ``names`` are those of the distributions.
    """

    def __init__(self, message: str, *hints: str, names: tuple[str, ...]) -> None:
        super().__init__(message, *hints)
        self.names = names


class UnsolvableError(CondavisionError):
    """The solver found no set of packages that meets the requirements."""

    code = 67


class ChannelError(CondavisionError):
    """A channel or package index cannot be reached or read."""

    code = 69  # EX_UNAVAILABLE


class MissingLockError(CondavisionError):
    """The script has no lock.

    ``never_locked`` is whether that is all, and nothing that it had is damaged or lost.
    ``obstacle`` is why it cannot be locked as it is, None if nothing is known against that.
    """

    code = 70
    names_target = True

    def __init__(
        self,
        message: str,
        *hints: str,
        diagnostics: Iterable[Diagnostic] = (),
        never_locked: bool = False,
        obstacle: CondavisionError | None = None,
    ) -> None:
        super().__init__(message, *hints, diagnostics=diagnostics)
        self.never_locked = never_locked
        self.obstacle = obstacle


class StaleLockError(CondavisionError):
    """The requirements of the script have changed since it was locked.

    ``reasons`` are :data:`condavision.inference.staleness.StaleReason`: what has changed.
    """

    code = 71
    names_target = True

    def __init__(self, message: str, *hints: str, reasons: tuple[object, ...] = ()) -> None:
        super().__init__(message, *hints)
        self.reasons = reasons


class LockfileError(CondavisionError):
    """A lock file is damaged: truncated, edited, or not a lock file."""

    code = 72


class InstallError(CondavisionError):
    """A download, a hash check or the installation of an environment failed."""

    code = 73


class ForeignInterpreterError(CondavisionError):
    """The lock was made from another machine's interpreters."""

    code = 74


class UntrustedError(CondavisionError):
    """Files that would decide what runs can be changed by another user."""

    code = 77  # EX_NOPERM


class CommandError(CondavisionError):
    """The command of ``exec`` is not found, or cannot be started (127, as in sh and env)."""

    code = 127


class NotebookError(CondavisionError):
    """A cell of a notebook fails, or its kernel (1, as an uncaught exception of a script)."""

    names_target = True
