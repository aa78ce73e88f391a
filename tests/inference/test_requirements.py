"""The requirement hash: golden values, what changes it and what must not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.cli.wording import stale_words
from condavision.core.model import Manager, Requirement, Requirements, SourceLocation
from condavision.core.pythons import PythonRange
from condavision.inference.requirements import requirement_hash
from condavision.inference.staleness import requirement_changes
from condavision.locks.record import describe

if TYPE_CHECKING:
    from random import Random

NUMPY = Requirement(Manager.PYPI, "numpy", conda="numpy")
PANDAS = Requirement(Manager.PYPI, "pandas", ">=2", conda="pandas")
GDAL = Requirement(Manager.CONDA, "gdal", ">=3", conda="gdal")
SETUP = Requirements(PythonRange.at_least(3, 10), (NUMPY, PANDAS), ("conda-forge",))

# A value here that has to be changed orphans every lock in the world: bump HASH_VERSION instead,
# and say so in the changelog.
GOLDEN = [
    (Requirements(PythonRange(), (), ("conda-forge",)), "36efe1b9c0dcde69"),
    (SETUP, "a9c66556f5a9edb6"),
    (replace(SETUP, channels=("interpreters:",)), "d41fa9251d2ed786"),
    (Requirements(PythonRange.below(3, 0), (GDAL,), ("a", "b")), "ac8cb2217a836f0f"),
]


@pytest.mark.parametrize(("requirements", "expected"), GOLDEN)
def test_golden_values(requirements: Requirements, expected: str) -> None:
    assert requirement_hash(requirements) == expected


CHANGES = {
    "a package": replace(SETUP, requirements=(NUMPY,)),
    "a constraint": replace(SETUP, requirements=(NUMPY, replace(PANDAS, constraint=">=3"))),
    "an extra": replace(SETUP, requirements=(replace(NUMPY, extras=("x",)), PANDAS)),
    "a platform": replace(
        SETUP, requirements=(replace(NUMPY, platforms=frozenset({"win"})), PANDAS)
    ),
    "a condition": replace(
        SETUP, requirements=(replace(NUMPY, pythons=PythonRange.below(3, 11)), PANDAS)
    ),
    "whose name it is": replace(
        SETUP, requirements=(replace(NUMPY, manager=Manager.CONDA), PANDAS)
    ),
    "the Pythons": replace(SETUP, python=PythonRange.at_least(3, 11)),
    "a channel": replace(SETUP, channels=("bioconda", "conda-forge")),
    "the order of channels": replace(SETUP, channels=("conda-forge", "bioconda")),
}


def test_everything_that_is_required_changes_it() -> None:
    hashes = {requirement_hash(changed) for changed in (SETUP, *CHANGES.values())}
    assert len(hashes) == 1 + len(CHANGES)


@given(st.randoms(use_true_random=False))
def test_order_places_and_suppliers_do_not_change_it(source: Random) -> None:
    shuffled = [
        replace(
            needed,
            conda=source.choice([None, "other"]),
            sources=(SourceLocation("x.py", source.randint(1, 99)),),
        )
        for needed in (NUMPY, PANDAS)
    ]
    source.shuffle(shuffled)
    assert requirement_hash(replace(SETUP, requirements=tuple(shuffled))) == requirement_hash(SETUP)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (SETUP, ()),
        (CHANGES["a package"], ("removed pandas >=2",)),
        (CHANGES["a constraint"], ("added pandas >=3", "removed pandas >=2")),
        (CHANGES["the Pythons"], ("python >=3.10 is now >=3.11",)),
        (CHANGES["a channel"], ("channels conda-forge is now bioconda, conda-forge",)),
    ],
)
def test_differences_are_said_in_words(after: Requirements, said: tuple[str, ...]) -> None:
    assert stale_words(requirement_changes(describe(SETUP), after)) == "; ".join(said)
