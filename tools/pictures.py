"""Make the pictures of the docs that show what commands make: ``graph``, ``report`` and ``serve``.

In each PNG is the source of the page that it shows, so that a test finds a picture that is out of
date where there is no browser either. What differs from day to day is left out there: times,
versions, sizes, IDs. ``stages.svg`` is drawn by hand.
"""

from __future__ import annotations

import hashlib
import html
import io
import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from PIL import Image, PngImagePlugin
from PIL.Image import Dither, Quantize

from condavision.cli import main
from tests.chromium import chromium_in, show
from tests.pages import files
from tests.serving.conftest import PATIENCE, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SOURCE, TEXT_WIDTH = "Source", "Text width"
"""The names of texts in a PNG: the source of its page, and what tells fonts apart."""

FILES = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "letters.py": "import jinja2\n\nprint(jinja2.__version__)\n",
    "report.py": 'from jinja2 import Template\n\nprint(Template("12 figs").render())\n',
    "fetch.py": "import requests\nimport rich\n\nprint(requests, rich)\n",
    "mail.py": "import ssl\n\nimport requests\n\nprint(ssl.wrap_socket, requests)\n",
    "status.py": "import requests\n\nprint(requests)\n",
}
LATER = {"new.py": "import click\n\nprint(click)\n"}
"""What is written when the others are locked."""

SERVED = "/scripts/report.py"
EARLIER: tuple[dict[str, Any], ...] = (
    {"month": 3, "stdin": "12\n3O\n"},
    {"month": 3, "stdin": "12\n30\n"},
    {"month": 4, "out": "total.txt", "stdin": "18\n24\n"},
)
"""Runs of the script before its form is filled in."""

TYPED = {"p.month": "5", "p.out": "total.txt", "p.each": "true", "stdin-text": "40\n2\n"}
"""What is filled in, by the names of the fields."""


@dataclass(frozen=True)
class Window:
    """What a picture shows of a page: all of it, or its top; ``scale`` is the screen's."""

    width: int
    height: int
    scale: int
    is_top: bool = False


WINDOWS = {
    "report.png": Window(400, 852, 1, is_top=True),
    "serve-form.png": Window(940, 1000, 2),
    "serve-run.png": Window(940, 680, 2),
}

_VARYING = (
    (r"(?s)<style>.*?</style>", lambda it: hashlib.sha256(it[0].encode()).hexdigest()),
    (r"(?s)<time.*?</time>", "TIME"),
    (r"\d{4}-\d\d-\d\dT[\d:.+]+", "TIME"),
    (r"\b\d+\.\d+ s\b", "SECONDS"),
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r'(?<=name="token" value=")[^"]+', "TOKEN"),
    (r"\d+(\.\d+)?[ \xa0](bytes|kB|MB)\b", "SIZE"),
    (r"(?<![=<>;\w.])\d+(\.\d+)+", "VERSION"),
    (r"\b\d+ (?=(locked )?packages\b|more\b)", "COUNT "),
)


def source_of(page: str) -> str:
    """Return the source of a page without what differs from day to day.

    The pages of the service name their style sheet with its digest; that of the report is its own.
    """
    for pattern, word in _VARYING:
        page = re.sub(pattern, word, page)
    return page


def source_of_drawing(drawing: str) -> str:
    """Return the source of an SVG without versions and sizes, on which its lengths depend."""
    parts = re.split(r"(?s)(<style>.*?</style>)", drawing)
    parts[::2] = [re.sub(r"\d+(\.\w+)*( kB| MB)?", "N", it) for it in parts[::2]]
    return "".join(parts)


def _write(folder: Path, written: dict[str, str]) -> None:
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def draw_graph(folder: Path, picture: Path) -> None:
    """Lock the example in this folder, which becomes the working directory, and draw its graph."""
    os.chdir(folder)
    _write(folder, FILES)
    if main(["-q", "lock", "."]) or main(["why", "urllib3"]):
        raise SystemExit("the example cannot be locked")
    main(["graph", "-o", str(picture)])


def report_in(folder: Path) -> tuple[Path, str]:
    """Write the report on the example and one script more; return its file, and its source.

    Below the scripts are packages that only other packages require, which the picture ends before.
    """
    _write(folder, LATER)
    page = folder / "report.html"
    main(["report", "-o", str(page)])
    return page, source_of(page.read_text(encoding="utf-8").partition('id="environments"')[0])


@contextmanager
def serving_how_to(folder: Path) -> Iterator[Server]:
    """Lock and serve the script of ``docs/howto/serve.md`` in this folder; run it a few times."""
    written = files("docs/howto/serve.md")
    _write(folder, {name: written[name] for name in ("condavision.toml", "scripts/report.py")})
    if main(["-q", "lock", str(folder / "scripts")]):
        raise SystemExit("the script of the page cannot be locked")
    with serving(folder, "--state", folder / "state") as server:
        for body in EARLIER:
            server.run("report.py", **body).raise_for_status()
        yield server


@contextmanager
def pages_of(server: Server) -> Iterator[httpx.Client]:
    """Open what is sent the pages, as a browser is."""
    headers = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=server.url, timeout=PATIENCE, headers=headers) as client:
        yield client


def source_of_form(pages: httpx.Client) -> str:
    """Return the source of the form, and what is typed in it."""
    return f"{source_of(pages.get(SERVED).text)}\n{TYPED}\n"


def sent(pages: httpx.Client) -> str:
    """Send the form filled in, as a browser does; return the path of the run."""
    token = re.search(r'name="token" value="([^"]+)"', pages.get(SERVED).text)
    fields = TYPED | {"token": html.unescape(token[1]) if token else ""}
    answer = pages.post(SERVED, data=fields, files={"stdin": ("", b"")})
    return str(answer.headers["location"])


def source_of_run(pages: httpx.Client, run: str) -> str:
    """Return the source of the page of a run, at its end."""
    pages.get(run, headers={"Accept": "*/*", "Prefer": "wait=600"}).raise_for_status()
    return source_of(pages.get(run).text)


def fill_in(browser: Any) -> None:
    """Fill in the form that is shown, with the rarer fields open."""
    browser.find_element("css selector", "summary").click()
    for name, text in TYPED.items():
        field = browser.find_element("name", name)
        if field.get_attribute("type") == "checkbox":
            field.click()
        else:
            field.send_keys(text)
    browser.execute_script("document.activeElement.blur()")  # no cursor that blinks


def screenshot(browser: Any, window: Window) -> Image.Image:
    """Return what a window shows of the page."""
    show(browser, window.width, height=window.height, scale=window.scale)
    browser.execute_script("scrollTo(0, 0)")
    return Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")


def text_width(browser: Any) -> str:
    """Return how wide a text is in the fonts of this machine."""
    measured = """
        const pen = document.createElement("canvas").getContext("2d");
        return ["system-ui, sans-serif", "ui-monospace, monospace"].map(it => {
            pen.font = "100px " + it;
            return Math.round(pen.measureText("condavision 0123456789").width);
        }).join(" ");
    """
    return str(browser.execute_script(measured))


def take(browser: Any, window: Window, source: str, path: Path) -> None:
    """Write a picture of the page that is shown; in it, its source and the width of a text.

    Raises:
        SystemExit: it would not show all of the page.
    """
    texts = PngImagePlugin.PngInfo()
    texts.add_text(SOURCE, source, zip=True)
    texts.add_text(TEXT_WIDTH, text_width(browser))
    picture = screenshot(browser, window)
    height = browser.execute_script("return document.documentElement.scrollHeight")
    if height > window.height and not window.is_top:
        raise SystemExit(f"{path.name} is cut: the page has a height of {height}")
    few = picture.quantize(256, Quantize.MAXCOVERAGE, dither=Dither.NONE)
    few.save(path, optimize=True, pnginfo=texts)


def draw(browser: Any, folder: Path, pictures: Path) -> None:
    """Make all pictures; the folder is for what they are made from."""
    browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "UTC"})
    browser.execute_cdp_cmd("Emulation.setLocaleOverride", {"locale": "en-GB"})

    def taken(name: str, source: str) -> None:
        take(browser, WINDOWS[name], source, pictures / name)

    example = folder / "reports"  # its title
    example.mkdir()
    draw_graph(example, pictures / "graph.svg")
    page, source = report_in(example)
    browser.get(page.as_uri())
    taken("report.png", source)
    with serving_how_to(folder / "served") as server, pages_of(server) as pages:
        browser.get(f"{server.url}{SERVED}")
        fill_in(browser)
        taken("serve-form.png", source_of_form(pages))
        browser.find_element("css selector", "form [type=submit]").click()
        run = browser.current_url.removeprefix(server.url)
        source = source_of_run(pages, run)
        browser.refresh()
        taken("serve-run.png", source)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name, chromium_in(Path(name)) as opened:
        draw(opened, Path(name), PICTURES)
