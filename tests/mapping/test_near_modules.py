"""The module that an unknown import may mean: slips, names of packages, and names of nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from condavision.analysis.python_range.stdlib import modules
from condavision.mapping.import_map import ImportMap
from condavision.mapping.near_modules import NearModules

MAP = ImportMap.bundled()
NEAR = NearModules(MAP, modules())
SLIPS = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("slips.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("typed", "meant"), SLIPS)
def test_the_likeliest_module_is_first(typed: str, meant: str) -> None:
    near = NEAR.near(typed)

    assert MAP.provider(typed) is None
    assert next((it.name for it in near), "-") == meant
    assert len(near) <= 3


@pytest.mark.parametrize(
    ("typed", "little_known"),
    [("nunpy", "nanpy"), ("panda", "pandac"), ("yamll", "oyaml"), ("scipi", "scipp")],
)
def test_none_that_few_people_use_is_beside_a_well_known_one(typed: str, little_known: str) -> None:
    assert MAP.provider(little_known)
    assert little_known not in [it.name for it in NEAR.near(typed)]


def test_a_module_that_few_people_use_is_found() -> None:
    assert [it.name for it in NEAR.near("nanpyy")] == ["nanpy"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("nunpy", "numpy"), ("scikit-lern", "scikit-learn"), ("beautifulsoup5", "beautifulsoup4")],
)
def test_the_likeliest_distribution_is_first(typed: str, meant: str) -> None:
    assert MAP.near_distributions(typed)[0] == meant
