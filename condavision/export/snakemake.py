"""``snakemake``: what a ``conda:`` directive names, and the exact packages of each platform.

Snakemake installs ``NAME.PLATFORM.pin.txt`` in place of ``NAME.yml`` where it finds one, then runs
``NAME.post-deploy.sh`` in the environment: it installs what comes from PyPI, which conda skips.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.core.model import Manager
from condavision.core.platforms import PLATFORMS
from condavision.errors import UsageError
from condavision.export import environment_yml, explicit
from condavision.export.share import MARK, ExportFormat, joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.model import Lock
    from condavision.export.share import Share

_POST_DEPLOY = ".post-deploy.sh"
_PYTHON = "${CONDA_PREFIX:?the environment is not active}/bin/python"
_OPTIONS = "--no-deps --no-input --require-hashes"


def _check_name(name: str) -> None:
    """Check the name of the file to write.

    Raises:
        UsageError: Snakemake looks for no pin file beside it.
    """
    if not name.endswith((".yml", ".yaml")):
        raise UsageError(
            f"Snakemake looks for pin files beside a .yml or .yaml, not beside {name}",
            "call it NAME.yml",
        )


def _beside(share: Share) -> Mapping[str, str]:
    """Return the pin file of each platform, and the script for what comes from PyPI."""
    pins = {f".{subdir}.pin.txt": "" for subdir in PLATFORMS}
    for subdir in share.lock.platforms:
        pins[f".{subdir}.pin.txt"] = explicit.FORMAT.render(replace(share, platform=subdir))
    return {**pins, _POST_DEPLOY: _post_deploy(share.lock)}


def _post_deploy(lock: Lock) -> str:
    """Return a script that installs what comes from PyPI; empty if nothing does."""
    packages = {it.url: it for it in lock.packages if it.manager is Manager.PYPI}
    if not packages:
        return ""
    lines = []
    for url, package in packages.items():
        on = [subdir for subdir in lock.platforms if any(it.url == url for it in lock.on(subdir))]
        marker = " or ".join(PLATFORMS[subdir].marker for subdir in on)
        condition = "" if len(on) == len(lock.platforms) else f" ; {marker}"
        lines.append(f"{package.name} @ {url}{condition} --hash=sha256:{package.sha256}")
    return joined(
        [
            f"# What {lock.hash} has from PyPI; {MARK}.",
            f"\"{_PYTHON}\" -m pip install {_OPTIONS} -r /dev/stdin <<'END'",
            *lines,
            "END",
        ]
    )


FORMAT = ExportFormat(environment_yml.FORMAT.render, check_name=_check_name, beside=_beside)
