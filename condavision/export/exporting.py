"""Export a lock: look it up, choose a platform, write it in a format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.platforms import current_subdir
from condavision.errors import UsageError
from condavision.export.formats import load
from condavision.export.share import MARK, Script, Share
from condavision.inference.lock_lookup import find_lock, is_hash, locate
from condavision.inference.notebooks import refuse_notebook
from condavision.system.files import read_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.errors import Diagnostic
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Exported:
    """A lock in a format for one platform; ``lock`` is its hash.

    ``diagnostics`` are what readers of the text will lack. ``beside`` has the files that belong
    beside the one that it is written to; an empty text stands for none.
    """

    lock: str
    form: str
    platform: str
    text: str
    diagnostics: tuple[Diagnostic, ...] = ()
    beside: Mapping[Path, str] = field(default_factory=dict)

    def write(self, output: Path) -> tuple[Path, ...]:
        """Write the text, and what belongs beside it; return the files there are.

        Raises:
            OSError: they cannot be written.
        """
        for path, text in self.beside.items():
            if text:
                write_atomic(path, text)
            else:
                path.unlink(missing_ok=True)
        write_atomic(output, self.text)
        return (output, *(path for path, text in self.beside.items() if text))


def export_named(
    name: str | Target,
    form: str,
    platform: str | None,
    workspace: Workspace,
    output: Path | None,
) -> Exported:
    """Return the lock of a target or hash in a format; ``output`` is where it will be written.

    ``platform`` is this machine's where None, or the lock's first where it lacks that.

    Raises:
        CondavisionError: there is no such lock, or the format cannot express it.
    """
    chosen = load(form)
    if output and chosen.check_name:
        chosen.check_name(output.name)
    script = _script(name, form, workspace) if chosen.needs_script else None
    lock = script.located.lock if script else find_lock(name, workspace)
    platform = platform or lock.platform_or_first(current_subdir())
    share = Share(lock, platform, script)
    text, diagnostics = chosen.render(share), chosen.diagnose(share)
    beside = _beside(chosen.beside(share), output) if chosen.beside else {}
    return Exported(lock.hash, form, platform, text, diagnostics, beside)


def _beside(texts: Mapping[str, str], output: Path | None) -> Mapping[Path, str]:
    """Return the files that belong beside one, and their texts.

    Raises:
        UsageError: no file is given, or one of those beside it is somebody's own.
    """
    if output is None:
        raise UsageError("this format writes several files", "name the first: add -o FILE")
    beside = {output.with_suffix(suffix): text for suffix, text in texts.items()}
    for path in beside:
        if path.exists() and MARK.encode() not in read_file(path).split(b"\n")[0]:
            raise UsageError(
                f"{path} is not from condavision, and would be replaced",
                "move it, or give another name to -o",
            )
    return beside


def _script(name: str | Target, form: str, workspace: Workspace) -> Script:
    if isinstance(name, str) and is_hash(name):
        raise UsageError(f"a {form} is made for a script", "give the script, not its lock")
    target = Path(name) if isinstance(name, str) else name
    refuse_notebook(target)
    located = locate(target, workspace)
    return Script(located, workspace.settings.config(located.project.config.root).locks)
