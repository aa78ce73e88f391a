"""The releases that pages of package indexes have, in both forms."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from condavision.compile_stage.proof.releases import releases_on_page

URL = "https://index.example/simple/a-b/"


def listed(page: str, newest: datetime | None = None) -> dict[str, str]:
    found = releases_on_page("a-b", page.encode(), URL, "linux-64", "3.12.1", newest)
    return {str(it.version): it.artefact.url for it in found}


def file(name: str, **fields: object) -> dict[str, object]:
    return {"filename": name, "url": f"../{name}", "hashes": {"sha256": "00"}, **fields}


def page(*files: dict[str, object]) -> str:
    return json.dumps({"files": files})


def test_both_forms_of_a_page() -> None:
    names = ("a_b-2.0-py3-none-any.whl", "A.B-1.10-py3-none-any.whl")
    links = "".join(f'<a href="../{it}#sha256=00">{it}</a><br>' for it in names)
    expected = {"1.10": f"https://index.example/simple/{names[1]}"}
    expected["2.0"] = f"https://index.example/simple/{names[0]}"
    assert listed(page(*map(file, names))) == expected
    assert listed(f"<!DOCTYPE html><html><body>{links}</body></html>") == expected


LEFT_OUT = [
    file("a_b-1.0.tar.gz"),
    file("other-1.0-py3-none-any.whl"),
    file("a_b-1.0-py3-none-any.whl", yanked="broken"),
    file("a_b-1.0-py3-none-any.whl", hashes={}),
    file("a_b-1.0-py3-none-any.whl", **{"upload-time": "2025-02-01T00:00:00Z"}),
    file("a_b-1.0-py3-none-any.whl"),
    file("a_b-1.0.whl"),
]


@pytest.mark.parametrize("one", LEFT_OUT)
def test_what_is_left_out(one: dict[str, object]) -> None:
    dated = file("a_b-0.1-py3-none-any.whl", **{"upload-time": "2024-01-01T00:00:00Z"})
    assert [*listed(page(one, dated), datetime(2025, 1, 1, tzinfo=UTC))] == ["0.1"]


def test_a_yanked_link() -> None:
    link = '<a href="a_b-1.0-py3-none-any.whl#sha256=00" data-yanked="">x</a>'
    assert listed(f"<html>{link}</html>") == {}


CHOICES = [
    (("cp312-cp312-win_amd64", "cp312-cp312-manylinux_2_17_x86_64"), 1),
    (("cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-win_amd64"), 1),
    (("cp312-cp312-manylinux_2_17_x86_64", "py3-none-any"), 1),
    (("cp310-abi3-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_17_x86_64"), 0),
]


@pytest.mark.parametrize(("tags", "chosen"), CHOICES)
def test_the_nearest_wheel_stands_for_a_release(tags: tuple[str, str], chosen: int) -> None:
    names = [f"a_b-1.0-{tag}.whl" for tag in tags]
    assert listed(page(*map(file, names)))["1.0"].endswith(names[chosen])


@pytest.mark.parametrize("text", ["{", "{}", '{"files": 1}', '{"files": [1]}', '{"files": [{}]}'])
def test_pages_that_are_none(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        listed(text)
