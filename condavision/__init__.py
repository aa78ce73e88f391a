"""condavision gives any Python script the conda environment it needs, with nothing declared.

The library is :mod:`condavision.api`; its functions are here too, with the types they take and
return, imported when first used: the warm path imports this package and must not pay for them.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from condavision.api import analyze as analyze
    from condavision.api import check as check
    from condavision.api import explain as explain
    from condavision.api import install as install
    from condavision.api import lock as lock
    from condavision.api import run as run
    from condavision.compile_stage.preferred_versions import read_agreement as read_agreement
    from condavision.compile_stage.recording import LockedScript as LockedScript
    from condavision.compile_stage.recording import LockingReport as LockingReport
    from condavision.compile_stage.renewal import Renewal as Renewal
    from condavision.core.engine import Engine as Engine
    from condavision.environments.environment import Environment as Environment
    from condavision.errors import CondavisionError as CondavisionError
    from condavision.inference.inference import Inference as Inference
    from condavision.inspection.check import Checked as Checked
    from condavision.inspection.check import CheckReport as CheckReport
    from condavision.inspection.explain import Explanation as Explanation
    from condavision.project.solve_options import SolveOptions as SolveOptions

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(("analyze", "check", "explain", "install", "lock", "run"), "api"),
    **dict.fromkeys(("LockedScript", "LockingReport"), "compile_stage.recording"),
    **dict.fromkeys(("CheckReport", "Checked"), "inspection.check"),
    "CondavisionError": "errors",
    "Engine": "core.engine",
    "Environment": "environments.environment",
    "Explanation": "inspection.explain",
    "Inference": "inference.infer",
    "Renewal": "compile_stage.renewal",
    "SolveOptions": "project.solve_options",
    "read_agreement": "compile_stage.preferred_versions",
}
"""Where what is offered here lives."""

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - all are strings


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
