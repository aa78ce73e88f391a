"""condavision gives any Python script the conda environment it needs."""

__version__ = "0.1.0"
