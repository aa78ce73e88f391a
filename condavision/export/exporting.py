"""Export a lock: look it up, choose a platform, write it in a format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.platforms import current_subdir
from condavision.errors import UsageError
from condavision.export.formats import load
from condavision.export.share import Script, Share
from condavision.inference.lock_lookup import find_lock, is_hash, locate
from condavision.inference.notebooks import refuse_notebook

if TYPE_CHECKING:
    from condavision.core.model import Lock
    from condavision.errors import Diagnostic
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Exported:
    """A lock in a format for one platform; ``lock`` is its hash.

    ``diagnostics`` are what readers of the text will lack.
    """

    lock: str
    form: str
    platform: str
    text: str
    diagnostics: tuple[Diagnostic, ...] = ()


def export_named(
    name: str | Target,
    form: str,
    platform: str | None,
    workspace: Workspace,
    output: Path | None = None,
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
    platform = platform or _default_platform(lock)
    share = Share(lock, platform, script)
    return Exported(lock.hash, form, platform, chosen.render(share), chosen.diagnose(share))


def _script(name: str | Target, form: str, workspace: Workspace) -> Script:
    if isinstance(name, str) and is_hash(name):
        raise UsageError(f"a {form} is made for a script", "give the script, not its lock")
    target = Path(name) if isinstance(name, str) else name
    refuse_notebook(target)
    located = locate(target, workspace)
    return Script(located, workspace.settings.config(located.project.config.root).locks)


def _default_platform(lock: Lock) -> str:
    current = current_subdir()
    return current if current in lock.platforms else lock.platforms[0]
