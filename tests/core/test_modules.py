"""Dotted names of modules."""

from __future__ import annotations

import pytest

from condavision.core.modules import absolute_name, longest_prefix, package_of, prefixes

RELATIVE = [
    ("json", 0, "a.b", "json"),
    ("c", 1, "a.b", "a.b.c"),
    ("c.d", 2, "a.b", "a.c.d"),
    ("", 1, "a.b", "a.b"),
    ("", 2, "a.b", "a"),
    ("c", 3, "a.b", ""),
    ("c", 1, "", ""),
    ("", 1, "", ""),
]


@pytest.mark.parametrize(("name", "level", "package", "expected"), RELATIVE)
def test_absolute_name(name: str, level: int, package: str, expected: str) -> None:
    assert absolute_name(name, level, package) == expected


def test_package_of() -> None:
    assert package_of("a.b", is_package=False) == "a"
    assert package_of("a.b", is_package=True) == "a.b"
    assert package_of("a", is_package=False) == ""


def test_longest_prefix() -> None:
    known = {"a": 1, "a.b": 2}
    assert longest_prefix("a.b.c", known) == ("a.b", 2)
    assert longest_prefix("ab", known) is None
    assert longest_prefix("a", {}) is None


def test_prefixes() -> None:
    assert [*prefixes("a.b.c")] == ["a.b.c", "a.b", "a"]
    assert [*prefixes("")] == []
