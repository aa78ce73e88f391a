"""Writes the warm record of a target: what the next run has to check, and how it starts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.environments.last_use import USED
from condavision.project.targets import Module
from condavision.system.file_stamp import FileClocks, changed_at, stamp_of, step_of
from condavision.system.files import replacing
from condavision.warm import (
    FORMAT,
    SHARED,
    counted,
    encode,
    identity,
    module_names,
    record_path,
    signature,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.environments.environment import Environment
    from condavision.exec_stage.prepared import Prepared


def write_warm_record(home: Path, prepared: Prepared) -> bool:
    """Write what the next run of a target needs to start at once; return whether it was written.

    It is not written where an input changed so recently that another change might leave its times
    as they are (git calls such an entry racy), nor where the cache cannot be written. The next run
    is then a cold start.
    """
    target, inputs, activation = prepared.target, prepared.inputs, prepared.activation
    module = isinstance(target, Module)
    real = identity(target.name if isinstance(target, Module) else str(target), module=module)
    environment = prepared.environment
    used = environment.marker.with_name(USED)
    if not is_settled((*inputs.files, *inputs.folders), inputs.started):
        return False
    checks = [*checks_of(inputs.files, inputs.folders), *checks_of_environment(environment)]
    variables = [
        item
        for name, value in inputs.variables.items()
        for item in (name, "" if value is None else f"={value}")
    ]
    operations = [item for operation in activation.operations for item in operation]
    content = encode(
        [
            *(FORMAT, real, prepared.module),
            *counted(variables),
            *counted([item for check in checks for item in check]),
            *counted(operations),
            *counted(activation.wrapper),
            *counted([str(path) for path in prepared.paths]),
            *(str(environment.python), str(used), FORMAT),
        ]
    )
    try:
        _write(home, Path(record_path(str(home), real)), content)
    except OSError:
        return False
    return True


def checks_of(files: Iterable[Path], folders: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    """Yield what has to stay as it is now, as arguments of :func:`condavision.warm.is_unchanged`.

    Folders are those searched for modules.
    """
    for file in map(str, files):
        yield file, signature(file), ""
    for folder in map(str, folders):
        yield folder, signature(folder), f"={module_names(folder)}"


def checks_of_environment(environment: Environment) -> Iterator[tuple[str, str, str]]:
    """Yield the same of an environment: it is complete, and its interpreter the same."""
    yield from checks_of((environment.marker,), ())
    python = str(environment.python)
    yield python, signature(python), SHARED


def is_settled(paths: Iterable[Path], started: int) -> bool:
    """Return whether the signatures of files and folders stand for what was read of them.

    That is not so for one that changed after ``started`` (``time.time_ns()``), or so shortly before
    that a second change could have left its times as they were.
    """
    clocks = FileClocks()
    for path in map(str, paths):
        stamp = stamp_of(path)
        if stamp and clocks.is_racy(path, changed_at(stamp), started, step_of(stamp)):
            return False
    return True


def _write(home: Path, path: Path, content: bytes) -> None:
    private = home / "warm"
    home.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        private.mkdir(mode=0o700)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, content):
        pass
