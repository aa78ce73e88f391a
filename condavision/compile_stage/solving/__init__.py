"""Requirements become a lock: rattler solves the conda packages, uv what no channel has."""
