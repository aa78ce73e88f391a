"""The channel of the tests, so that benchmarks need only PyPI.

url = test_channel()
"""

from __future__ import annotations

from pathlib import Path

from condavision.interpreters.discovery import discover_all
from tests.channels.build import build_channel

__all__ = ["test_channel"]

_CACHE = Path(__file__).resolve().parents[1] / ".pytest_cache" / "d"


def test_channel() -> str:
    """Return its url; it is built if the tests have not built it yet."""
    known = _CACHE / "interpreters"
    return build_channel(_CACHE / "test-channel", discover_all(known)).as_uri()
