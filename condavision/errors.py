"""Every error a person can meet, with the exit code it ends the command with.

An error says what happened and what to type next. One printer (``cli``) shows them; nothing else
in the package formats errors, and no command lets a traceback out for a user's mistake, a broken
file or a network failure.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "AnalysisError",
    "ChannelError",
    "CondavisionError",
    "ConfigError",
    "DeclarationError",
    "Diagnostic",
    "ForeignInterpreterError",
    "InstallError",
    "LockfileError",
    "MissingLockError",
    "OutputError",
    "StaleLockError",
    "UnknownImportError",
    "UnreadableModuleError",
    "UnsolvableError",
    "UsageError",
]


class Diagnostic:
    """Base class of frozen values that each report one thing that is likely not meant."""

    __slots__ = ()


class CondavisionError(Exception):
    """What happened, and hints that each name something to type.

    ``code`` is the process exit code; the table in the README lists them. ``diagnostics`` are what
    may have led to the error; they are printed as hints. ``names_target`` is whether the message
    has the script, or a line of it; of other errors the printer adds which targets they concern.
    """

    code: int = 1
    names_target: bool = False

    def __init__(self, message: str, *hints: str, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints
        self.diagnostics = tuple(diagnostics)


class OutputError(CondavisionError):
    """Standard output takes nothing: its disk is full, or whatever it leads to fails."""


class UsageError(CondavisionError):
    """The command line asks for something that cannot be (2, as every command-line tool)."""

    code = 2


class ConfigError(UsageError):
    """The configuration file cannot be read or has a wrong value."""


class DeclarationError(ConfigError):
    """A script or an override declares something that is not a requirement or a channel."""

    names_target = True


class AnalysisError(CondavisionError):
    """The script cannot be read as Python: missing, binary, an unknown encoding, too deep."""

    code = 65  # EX_DATAERR of sysexits.h
    names_target = True


class UnreadableModuleError(AnalysisError):
    """A local module that a script reaches cannot be opened."""

    names_target = False


class UnknownImportError(CondavisionError):
    """An import that no map, override or trusted channel knows."""

    code = 66
    names_target = True


class UnsolvableError(CondavisionError):
    """The solver found no set of packages that meets the requirements."""

    code = 67


class ChannelError(CondavisionError):
    """A channel or index cannot be reached, or answers with something that is not one."""

    code = 69  # EX_UNAVAILABLE


class MissingLockError(CondavisionError):
    """The script was never locked."""

    code = 70


class StaleLockError(CondavisionError):
    """The script or its configuration requires something else than the lock has.

    ``reasons`` are :data:`condavision.inference.staleness.StaleReason`: what changed.
    """

    code = 71

    def __init__(self, message: str, *hints: str, reasons: tuple[object, ...] = ()) -> None:
        super().__init__(message, *hints)
        self.reasons = reasons


class LockfileError(CondavisionError):
    """A lock file is damaged: truncated, tampered with, or not a lock file."""

    code = 72


class InstallError(CondavisionError):
    """A download, a hash check or the linking of an environment failed."""

    code = 73


class ForeignInterpreterError(CondavisionError):
    """The lock was made from another machine's interpreters."""

    code = 74
