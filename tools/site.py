"""What the site has besides its pages: beside each, its Markdown, to which ``llms.txt`` links."""

from __future__ import annotations

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FETCHED = {"src", "srcset", "poster", "data"}  # what a browser fetches by itself
OUTSIDE = re.compile(r"(?:https?:)?//")
STYLE_FETCHES = re.compile(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//")


class Assets(HTMLParser):
    """The addresses outside of the site that a page fetches without a click."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the addresses that a tag has fetched."""
        fetched = FETCHED | ({"href"} if tag == "link" else set())
        self.outside += [
            value
            for name, value in attrs
            if name in fetched and OUTSIDE.match(value or "") and value
        ]


def outside_assets(site: Path) -> list[str]:
    """Return what the pages and style sheets of a site fetch from elsewhere."""
    found = []
    for path in sorted(site.rglob("*.html")):
        assets = Assets()
        assets.feed(path.read_text(encoding="utf-8"))
        found += [f"{path}: {address}" for address in assets.outside]
    for path in sorted(site.rglob("*.css")):
        fetches = STYLE_FETCHES.findall(path.read_text(encoding="utf-8"))
        found += [f"{path}: {address}" for address in fetches]
    return found


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    for name in app.env.found_docs:
        shutil.copyfile(app.env.doc2path(name), Path(app.outdir, f"{name}.md"))
    outside = outside_assets(Path(app.outdir))
    if outside:
        sys.exit("the site fetches from elsewhere:\n" + "\n".join(outside))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
