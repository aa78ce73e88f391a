"""A local package, found because `paths` in condavision.toml names its folder."""

from .words import greet

__all__ = ["greet"]
