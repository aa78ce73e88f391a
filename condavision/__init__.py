"""condavision gives any Python script the conda environment it needs, undeclared.

The library is :mod:`condavision.api`; its functions are here too, imported when first used: the
warm path imports this package and must not pay for them.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from condavision.api import analyze, check, install, lock, run

__all__ = ["__version__", "analyze", "check", "install", "lock", "run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from condavision import api  # noqa: PLC0415 - see above

    return getattr(api, name)
