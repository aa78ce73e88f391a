"""A Dockerfile for a locked script: its environment, its sources, itself as the entry point."""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import PurePosixPath
from string import Template
from typing import TYPE_CHECKING

from condavision import __version__
from condavision.core.platforms import PLATFORMS
from condavision.errors import UsageError
from condavision.export.scaffold import template
from condavision.export.share import ExportFormat
from condavision.export.starting import below, locks_option, start_of
from condavision.locks.index import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.export.share import Share
    from condavision.export.starting import Start


def _render(share: Share) -> str:
    """Return a Dockerfile that runs a locked script or module, to be built in the project's root.

    Raises:
        UsageError: the platform is not one of images, the lock has nothing for it or belongs to
            this machine alone, or files of the script lie outside the project.
    """
    lock, platform, script = share.lock, share.platform, share.require_script()
    images = {row.subdir: row.image for row in PLATFORMS.values() if row.image}
    if platform not in images:
        raise UsageError(
            f"images are made for {', '.join(images)}, not for {platform}",
            "give one of these with --platform",
        )
    if platform not in lock.platforms:
        raise UsageError(
            f"the lock {lock.hash} has nothing for {platform}",
            f"lock for this platform too: run `condavision lock --platform {platform} SCRIPT`",
        )
    if lock.is_local:
        raise UsageError(
            f"the lock {lock.hash} is made from this machine's interpreters, which an image lacks",
            "lock with a channel first: run `condavision lock -c conda-forge SCRIPT`",
        )
    local = sorted(
        {package.url for package in lock.on(platform) if package.url.startswith("file:")}
    )
    if local:
        raise UsageError(
            f"an image cannot fetch a file that lies on this machine: {local[0]}",
            "lock with a channel that has a URL: run `condavision lock -c conda-forge SCRIPT`",
        )
    located = script.located
    config = located.project.config
    settings = [config.source] if config.source else []
    index = located.path.with_name(FILE_NAME)
    locks = locks_option(script, config.root)
    install = ["condavision", "install", "--quiet", *locks, lock.hash]
    sources = [index, *(source.path for source in located.inference.analysis.files)]
    return Template(template("Dockerfile")).substitute(
        script=_one_line(located.project.key),
        platform=images[platform],
        version=__version__,
        install=json.dumps(install),
        copy_lock=_copy([*settings, located.path], config.root),
        copy_sources=_copy(sources, config.root),
        start=_start(start_of(script)),
    )


def _start(start: Start) -> str:
    """Return the instructions that run the target."""
    move = f"WORKDIR {_word(str(start.folder))}\n" if start.folder != PurePosixPath() else ""
    return f"{move}ENTRYPOINT {json.dumps(['condavision', 'run', *start.words])}"


def _copy(paths: Iterable[Path], root: Path) -> str:
    """Return a COPY instruction for each folder."""
    names = sorted({below(path, root) for path in paths}, key=lambda name: (name.parent, name))
    lines = []
    for folder, group in groupby(names, key=lambda name: name.parent):
        sources = [_literal(str(name)) for name in group]
        target = "./" if folder == PurePosixPath() else f"./{_word(str(folder))}/"
        lines.append(f"COPY {json.dumps([*sources, target])}")
    return "\n".join(lines)


def _literal(name: str) -> str:
    """Return a source for COPY: a pattern (Go's filepath.Match) that matches it alone."""
    return _word(re.sub(r"[\[*?]", r"[\g<0>]", name.replace("\\", "\\\\")))


def _word(text: str) -> str:
    """Return a word for COPY, which expands variables, quotes and escapes."""
    return re.sub(r"[$'\"\\]", r"\\\g<0>", text)


def _one_line(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


FORMAT = ExportFormat(_render, needs_script=True)
