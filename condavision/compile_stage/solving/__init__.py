"""Requirements become a lock: rattler solves the conda packages, uv what no channel has."""

from condavision.compile_stage.solving.solve import LockSolver

__all__ = ["LockSolver"]
