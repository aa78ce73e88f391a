"""The release that has a module, with few look-ups."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from condavision.artefacts.artefact import Artefact
from condavision.compile_stage.proof.releases import Release
from condavision.compile_stage.proof.search import Search, below
from condavision.core.model import Manager


def releases(*versions: str) -> list[Release]:
    made = sorted(map(Version, versions))
    return [Release("a", it, Artefact("", str(it), Manager.PYPI)) for it in made]


def searched(having: set[str], version: str, among: list[Release]) -> tuple[str, str, int] | None:
    async def has(release: Release) -> bool:
        return str(release.version) in having

    search = Search(has, {})
    found = asyncio.run(search.instead_of(Version(version), among))
    if found is None:
        return None
    return str(found.release.version), found.constraint, len(search.seen)


CASES = [
    ("1.0 1.1 2.0", "1.0 1.1", "2.0", ("1.1", "<2")),
    ("1.0 1.1 1.2 1.3", "1.0", "1.3", ("1.0", "<1.1")),
    ("1.0 1.1.1 1.1.2 1.2", "1.0 1.1.1", "1.2", ("1.1.1", "<1.1.2")),
    ("1.0 2.0 3.0", "2.0 3.0", "1.0", ("3.0", ">=2.0")),
    ("1.0 2.0rc1 3.0", "1.0 2.0rc1", "3.0", ("1.0", "<3")),
    ("1.0 2.0rc1 3.0rc1", "1.0 2.0rc1", "3.0rc1", ("2.0rc1", "<3")),
    ("1.0 2.0", "", "2.0", None),
    ("2.0", "", "2.0", None),
    ("", "", "2.0", None),
    ("1.0 3.0", "1.0", "2.0", ("1.0", "<2")),
]


@pytest.mark.parametrize(("known", "having", "version", "expected"), CASES)
def test_the_newest_release_that_has_it(
    known: str, having: str, version: str, expected: tuple[str, str] | None
) -> None:
    found = searched(set(having.split()), version, releases(*known.split()))
    assert (found and found[:2]) == expected


@given(st.integers(1, 300), st.data())
def test_few_releases_are_looked_at(count: int, data: st.DataObject) -> None:
    last = data.draw(st.integers(0, count - 1))
    among = releases(*(f"{at // 30}.{at % 30 // 5}.{at % 5}" for at in range(count)), "99")
    having = {str(it.version) for it in among[: last + 1]}
    found = searched(having, "99", among)
    assert found is not None
    assert found[0] == str(among[last].version)
    assert found[2] <= 48


BOUNDS = [
    ("1.0.3", "2.1.1", "<2"),
    ("5.1.1", "5.2.0", "<5.2"),
    ("1.0", "1.0.post1", "<1.0.post1"),
    ("1.0", "1!0.5", "<1!0.5"),
    ("2024.1", "2024.2.1", "<2024.2"),
]


@pytest.mark.parametrize(("having", "lacking", "bound"), BOUNDS)
def test_bounds_are_short(having: str, lacking: str, bound: str) -> None:
    assert below(Version(having), Version(lacking)) == bound
