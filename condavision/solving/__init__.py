"""Requirements become a lock: rattler solves the conda packages, uv what no channel has."""

from condavision.solving.solve import LockSolver

__all__ = ["LockSolver"]
