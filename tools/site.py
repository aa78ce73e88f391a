"""What the site has besides its pages: a reference made from the code, and Markdown for machines.

In a page, a comment ``<!-- generated: NAME -->`` stands for what ``tools/reference.py`` writes
under that name. Beside each HTML page there is its Markdown, to which ``llms.txt`` links.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from tools.reference import PARTS

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GENERATED = re.compile(r"<!-- generated: (\w+) -->")
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


def expanded(page: str) -> str:
    """Return a page with the parts that are generated."""
    return GENERATED.sub(lambda match: PARTS[match[1]](), page)


def _read(_: Sphinx, __: str, source: list[str]) -> None:
    source[0] = expanded(source[0])


def _finish(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    for name in app.env.found_docs:
        page = Path(app.outdir, f"{name}.md")
        page.write_text(expanded(Path(app.env.doc2path(name)).read_text("utf-8")), "utf-8")
    outside = outside_assets(Path(app.outdir))
    if outside:
        sys.exit("the site fetches from elsewhere:\n" + "\n".join(outside))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _read)
    app.connect("build-finished", _finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
