"""Sets of Pythons: reading PEP 440, combining, spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from condavision.core.pythons import KNOWN, PythonRange, format_minor

RANGES = st.frozensets(st.sampled_from(KNOWN), min_size=1).map(PythonRange)

READ = [
    ("", ">=2.7"),
    (">=3.8", ">=3.8"),
    ("<3", ">=2.7,<3"),
    (">=2.7,!=3.0.*,!=3.1.*,!=3.2.*", ">=2.7,!=3.0.*,!=3.1.*,!=3.2.*"),
    ("~=3.9", ">=3.9"),
    ("==3.12.*", ">=3.12,<3.13"),
    (">=3.8.1", ">=3.8,>=3.8.1"),
    ("==3.8.5", ">=3.8,<3.9,==3.8.5"),
    (">3.8,<3.12", ">=3.8,<3.12,>3.8"),
    ("<2.7", "<2.7"),
    (">=3.12,<3.9", "<2.7"),
    ("<=2.6", "<2.7"),
    ("===later", "<2.7"),
    (">=3.99", ">=3.15,>=3.99"),
    ("==3.99.*", ">=3.15,==3.99.*"),
    (">4", ">=3.15,>4"),
    (">=3.99,<3.9", "<2.7"),
]


@pytest.mark.parametrize(("text", "spelt"), READ)
def test_reads_what_pep_440_says(text: str, spelt: str) -> None:
    assert str(PythonRange.from_specifier(text)) == spelt


@given(RANGES)
def test_the_spelling_admits_the_same_minors(pythons: PythonRange) -> None:
    specifier = SpecifierSet(str(pythons))
    admitted = {minor for minor in KNOWN if specifier.contains(f"{format_minor(minor)}.7")}
    assert admitted == pythons.minors


@given(RANGES)
def test_reading_the_spelling_gives_the_range_back(pythons: PythonRange) -> None:
    assert PythonRange.from_specifier(str(pythons)).minors == pythons.minors


@given(RANGES, RANGES)
def test_intersection_is_that_of_the_sets(one: PythonRange, other: PythonRange) -> None:
    assert (one & other).minors == one.minors & other.minors
    assert bool(one & other) == bool(one.minors & other.minors)


@pytest.mark.parametrize(
    ("pythons", "raised"),
    [
        (PythonRange(), ">=3.10"),
        (PythonRange.below(3, 12), ">=3.10,<3.12"),
        (PythonRange.below(3, 0), ">=2.7,<3"),
        (PythonRange.below(3, 9), ">=2.7,<3.9"),
        (PythonRange.at_least(3, 12), ">=3.12"),
    ],
)
def test_the_floor_raises_only_what_admits_it(pythons: PythonRange, raised: str) -> None:
    assert str(pythons.raised((3, 10))) == raised


@pytest.mark.parametrize(
    ("text", "away"),
    [(">=3.99", True), ("~=4.0", True), (">=3.15", False), (">=3.15.2", False), (">=3.8", False)],
)
def test_which_pythons_are_years_away(text: str, away: bool) -> None:
    assert PythonRange.from_specifier(text).is_years_away is away


def test_what_follows_the_newest_known_python_counts_as_it() -> None:
    assert (3, 99) in PythonRange.at_least(3, 8)
    assert (3, 99) not in PythonRange.below(3, 13)
