"""condavision gives any Python script the conda environment it needs, undeclared.

The library is :mod:`condavision.api`; its functions are here too, with the types they take and
return, imported when first used: the warm path imports this package and must not pay for them.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from condavision.api import analyze, check, explain, install, lock, run
    from condavision.compile_stage.preferred_versions import read_agreement
    from condavision.compile_stage.recording import LockedScript, LockingReport
    from condavision.compile_stage.renewal import Renewal
    from condavision.core.model import Engine
    from condavision.environments.environment import Environment
    from condavision.errors import CondavisionError
    from condavision.inference.infer import Inference
    from condavision.inspection.check import Checked, CheckReport
    from condavision.inspection.explain import Explanation
    from condavision.project.solve_options import SolveOptions

__all__ = [
    "CheckReport",
    "Checked",
    "CondavisionError",
    "Engine",
    "Environment",
    "Explanation",
    "Inference",
    "LockedScript",
    "LockingReport",
    "Renewal",
    "SolveOptions",
    "__version__",
    "analyze",
    "check",
    "explain",
    "install",
    "lock",
    "read_agreement",
    "run",
]

__version__ = "0.1.0"

_HOMES = {
    "api": ("analyze", "check", "explain", "install", "lock", "run"),
    "compile_stage.preferred_versions": ("read_agreement",),
    "compile_stage.recording": ("LockedScript", "LockingReport"),
    "compile_stage.renewal": ("Renewal",),
    "core.model": ("Engine",),
    "environments.environment": ("Environment",),
    "errors": ("CondavisionError",),
    "inference.infer": ("Inference",),
    "inspection.check": ("CheckReport", "Checked"),
    "inspection.explain": ("Explanation",),
    "project.solve_options": ("SolveOptions",),
}
"""Where what is offered here lives."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            from importlib import import_module  # noqa: PLC0415 - see above

            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
