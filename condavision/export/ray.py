"""``ray``: a runtime environment of Ray, whose workers start in the locked environment."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from condavision.environments.activation import load
from condavision.environments.environment import environment_of
from condavision.errors import InstallError, UsageError
from condavision.export.share import MARK, ExportFormat
from condavision.locks.yaml_text import yaml_text
from condavision.system.cache_dir import home
from condavision.warm import compose

if TYPE_CHECKING:
    from condavision.export.share import Share

_RAY = ("ray", "ray-core")  # on PyPI; on conda-forge
_INHERITED = "\0PATH"  # which no path has


def _render(share: Share) -> str:
    """Return a runtime environment in YAML, for machines that see the environment at its path.

    A worker cannot look it up itself: Ray copies ``working_dir`` to where other users can write,
    and a lock there does not count.

    Raises:
        UsageError: the lock has no Ray.
        InstallError: the environment is not installed here.
    """
    lock = share.lock
    versions = [it.version for it in share.packages if it.name in _RAY]
    if not versions:
        raise UsageError(
            f"the lock {lock.hash} has no Ray, which every worker of Ray imports",
            "import ray in the script, then run `condavision lock SCRIPT`",
        )
    environment = environment_of(lock, share.platform, home())
    if not environment.is_ready:
        raise InstallError(
            f"the environment {environment.prefix} is not installed",
            f"run `condavision install {lock.hash}`",
        )
    activation = load(environment.prefix)
    command, variables = compose(
        (),
        {"PATH": _INHERITED},
        python=str(environment.python),
        wrapper=activation.wrapper,
        operations=activation.operations,
        paths=(),
    )
    unset = [it[0] for it in activation.operations if it[0] not in variables]
    document = {
        "working_dir": ".",
        "py_executable": shlex.join(command),
        "env_vars": {
            **{name: it.replace(_INHERITED, "${PATH}") for name, it in variables.items()},
            **dict.fromkeys(unset, ""),  # which is how Python takes a variable of its own
        },
    }
    return (
        f"# Where Ray starts workers with the packages of {lock.hash}; {MARK}.\n"
        f"# The cluster's Ray has to be {versions[0]}, on Python {share.python}.\n"
        + yaml_text(document)
    )


FORMAT = ExportFormat(_render)
