"""Who supplies a module, and what decided it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class PickledAsCall:
    """Base of frozen values that are pickled as a call: that loads several times faster."""

    __slots__ = ()

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        names: tuple[str, ...] = self.__slots__
        return type(self), tuple(getattr(self, name) for name in names)


class Origin(StrEnum):
    """Who supplies a module."""

    STDLIB = "stdlib"
    LOCAL = "local"
    PACKAGE = "package"


class OriginRule(StrEnum):
    """What decided the origin of a module; some have a subject, ``OriginReason.subject``."""

    BUILTIN = "builtin"
    """Compiled into Python."""
    STDLIB = "stdlib"
    BACKPORT = "backport"
    """A standard library module that the script's Pythons lack; subject: what brings it to them."""
    INSTALLED = "installed"
    """Neither local nor of the standard library."""
    RELATIVE = "relative"
    RELATIVE_PARTIAL = "relative-partial"
    """A relative import that leads to a package without the requested part."""
    RELATIVE_MISSING = "relative-missing"
    FILE = "file"
    """Subject: its path, relative to the project root, or its name where there is no root."""
    FOLDERS = "folders"
    """Folders without ``__init__.py``; subject: their names, each with a slash."""
    WRITTEN = "written"
    """A cell of the notebook writes it: ``%%writefile``."""
    CYTHON = "cython"
    """A Cython source, from which the module is built."""
    PARTIAL = "partial"
    """A local package without the requested part; subject: the package."""
    ABSENT_PART = "absent-part"
    """A namespace package of the script's own lacks it here; subject: the namespace package.

    A regular package of that name would hide the local parts: only another part of the namespace
    may be installed beside them.
    """
    ITSELF = "itself"
    """The importing file, which has the name of the package it means; subject: its name."""


@dataclass(frozen=True, slots=True)
class OriginReason(PickledAsCall):
    """Why a module has its origin.

    ``within`` is the name of the folder of the project that supplied the module, where the subject
    does not show it. ``unsearched`` is the folder, relative to the project root, that has to be
    added to Python's search path; None where the module is found without.
    """

    rule: OriginRule
    subject: str = ""
    within: str = ""
    unsearched: str | None = None
    shadows_stdlib: bool = False

    @property
    def is_relative(self) -> bool:
        """Whether a relative import led to it, or to nothing."""
        return self.rule in _RELATIVE


_RELATIVE = (OriginRule.RELATIVE, OriginRule.RELATIVE_PARTIAL, OriginRule.RELATIVE_MISSING)

INSTALLED = OriginReason(OriginRule.INSTALLED)
"""The reason of every module that a package has to supply."""
