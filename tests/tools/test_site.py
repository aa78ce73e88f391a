"""The site fetches nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.site import outside_assets

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://cdn.example.org/x.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//fonts.example.org/css">'),
        ("sub/a.html", '<img src="http://example.org/x.png">'),
        ("a.css", '@import "https://fonts.example.org/css";'),
        ("a.css", "body { background: url(https://example.org/x.png) }"),
    ],
)
def test_what_is_fetched_from_elsewhere(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert len(outside_assets(tmp_path)) == 1


def test_links_and_the_sites_own_files_are_fetched_from_nowhere_else(tmp_path: Path) -> None:
    page = (
        '<a href="https://example.org">x</a><script src="_static/x.js"></script><img src="a.svg">'
    )
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "a.css").write_text("body { background: url(x.png) }")
    assert outside_assets(tmp_path) == []
