"""uv's cache: what was fetched anew takes the place of what is there, and of nothing else.

``uv cache clean NAME`` would remove every version of a name, and before there is another. In the
cache, wheels are folders with random names in ``archive-v*``, and the files that say which of them
a url has, relative links among those, in ``wheels-v*`` and ``sdists-v*``: in one cache where they
are in another.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.system.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["adopt", "empty_cache"]

_ARCHIVES = "archive-v*"


@contextmanager
def empty_cache(cache: Path) -> Iterator[Path]:
    """Yield a new cache within ``cache``, so on its file system; it is removed in the end."""
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp", dir=cache) as folder:
        yield Path(folder)


def adopt(fresh: Path, cache: Path) -> None:
    """Move the distributions of ``fresh`` into ``cache``, and remove those they take the place of.

    Whenever this is killed, ``cache`` has the old distributions or the new.

    Raises:
        InstallError: what was replaced cannot be removed.
        OSError: ``cache`` cannot be written.
    """
    for archive in fresh.glob(f"{_ARCHIVES}/*"):
        _move(archive, cache / archive.relative_to(fresh))
    replaced = []
    for bucket in (*fresh.glob("wheels-v*"), *fresh.glob("sdists-v*")):
        for folder, _, names in os.walk(bucket):
            for name in names:
                target = cache / Path(folder, name).relative_to(fresh)
                if target.suffix == ".lock":
                    continue  # another uv may hold it
                if target.is_symlink() and target.resolve().parent.match(_ARCHIVES):
                    replaced.append(target.resolve())
                _move(Path(folder, name), target)
    for archive in replaced:
        remove_tree(archive)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
