"""Finds the files of an environment that are missing, or not as its packages brought them."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from condavision.environments.package_files import sha256_of
from condavision.environments.wheel_records import altered_files, distributions
from condavision.system.documents import read_json
from condavision.system.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from condavision.environments.environment import Environment

_RECORDS = 1000  # distinct ones; environments share most of their packages


class _File(NamedTuple):
    """A file of a package; size and SHA-256 are None if installing changes them."""

    path: str
    size: int | None
    digest: str | None


def damaged_files(
    environment: Environment,
    known: Mapping[str, os.stat_result] | None = None,
    *,
    deep: bool = False,
) -> tuple[str, ...]:
    """Return the files, relative to the prefix, that are missing or altered.

    Sizes are compared, and digests of files of wheels that were modified later; with ``deep`` all
    digests that packages record, which bytecode and rewritten prefixes have none of. ``known`` are
    the statuses of files, if they were read already.
    """
    prefix = environment.prefix
    if prefix.is_symlink():
        return (prefix.name,)
    if not environment.python.exists():
        return (environment.python.relative_to(prefix).as_posix(),)
    known = known or {}
    found = distributions(prefix)
    # If both have tests/__init__.py, a distribution's replaces a conda package's.
    replaced = {path for it in found if it.ours for path in it.paths()}
    wrong = [
        file.path
        for file in _recorded(prefix, [name for name in known if name.startswith("conda-meta/")])
        if not _is(file, prefix, known, deep=deep, replaced=file.path in replaced)
    ]
    wrong += [name for _, name in altered_files(prefix, found, known, deep=deep)]
    return tuple(wrong)


def _recorded(prefix: Path, names: list[str]) -> Iterator[_File]:
    """Yield the files of conda packages."""
    for name in names or (f"conda-meta/{it.name}" for it in (prefix / "conda-meta").iterdir()):
        if name.endswith(".json"):
            try:
                yield from _files_of(read_file(prefix / name))
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                yield _File(name, -1, None)


@lru_cache(_RECORDS)
def _files_of(record: bytes) -> tuple[_File, ...]:
    return tuple(map(_file_of, read_json(record)["paths_data"]["paths"]))


def _file_of(item: dict[str, object]) -> _File:
    path = item["_path"]
    if not isinstance(path, str):
        raise TypeError
    if item.get("path_type") != "hardlink" or path.endswith(".pyc"):  # which Python rewrites
        return _File(path, None, None)
    rewritten = item.get("prefix_placeholder")
    size = None if rewritten else item.get("size_in_bytes")
    digest = item.get("sha256_in_prefix") or (None if rewritten else item.get("sha256"))
    return _File(
        path,
        size if isinstance(size, int) else None,
        digest if isinstance(digest, str) else None,
    )


def _is(
    file: _File,
    prefix: Path,
    known: Mapping[str, os.stat_result],
    *,
    deep: bool,
    replaced: bool,
) -> bool:
    path = f"{prefix}/{file.path}"
    try:
        status = known.get(file.path) or os.lstat(path)
        if replaced or (file.size is not None and status.st_size != file.size):
            return replaced
        return not deep or file.digest is None or sha256_of(path) == file.digest
    except OSError:
        return False
