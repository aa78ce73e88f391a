"""The pictures in the docs are of what the commands make today."""

from __future__ import annotations

import html
import os
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.chromium import chromium_in
from tests.pages import PAGES, REPOSITORY, require_valid
from tools import pictures
from tools.pictures import PICTURES, SOURCE, TEXT_WIDTH, WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

SHOWN = {
    "graph.svg": ("scripts", "requirement hashes", "packages"),
    "report.png": ("report", "5", "locked", "1", "no lock", "advice", "new.py"),
    "serve-form.png": (
        *("report.py", "month", "currency", "out", "each", "standard input"),
        *("earlier runs", "exit code 1"),
    ),
    "serve-run.png": ("report.py", "succeeded", "output", "total.txt"),
    "stages.svg": ("compile stage", "exec stage", "lock files", "script"),
}
"""What each picture shows, and its description has to say."""

MOST = 3.0
"""How much pictures may differ; other fonts make half of it, another layout twice as much."""

HOW = "run `nox -s pictures`, and look at the pictures"


def difference(one: Image.Image, other: Image.Image, scale: int) -> float:
    """Return the mean difference of two pictures in blocks as high as a line of text (0 to 255)."""
    assert one.size == other.size
    size = (one.width // (20 * scale), one.height // (20 * scale))
    blocks = [it.convert("RGB").resize(size, Image.Resampling.BOX) for it in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*blocks)).mean) / 3


def text_in(name: str, key: str = SOURCE) -> str:
    with Image.open(PICTURES / name) as picture:
        return str(picture.info[key])


@pytest.fixture
def example(
    tmp_path: Path,
    home: Path,
    interpreter: Callable[[Minor], Interpreter],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The folder of the example, ``reports``."""
    if os.name == "nt":
        pytest.skip("serving needs POSIX")
    for minor in ((3, 11), (3, 13)):  # the first is one that a script needs, or an older one
        interpreter(minor)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "reports"


@pytest.mark.slow  # packages are looked up
def test_the_pictures_are_of_what_is_made_today(example: Path, tmp_path: Path) -> None:
    example.mkdir()
    pictures.draw_graph(example, tmp_path / "graph.svg")
    drawn, kept = (
        pictures.source_of_drawing((folder / "graph.svg").read_text("utf-8"))
        for folder in (tmp_path, PICTURES)
    )
    assert drawn.splitlines() == kept.splitlines(), HOW
    made = {"report.png": pictures.report_in(example)[1]}
    served = pictures.serving_how_to(tmp_path / "served")
    with served as server, pictures.pages_of(server) as pages:
        made["serve-form.png"] = pictures.source_of_form(pages)
        made["serve-run.png"] = pictures.source_of_run(pages, pictures.sent(pages))
    assert made.keys() == WINDOWS.keys()
    for name, source in made.items():
        assert source.splitlines() == text_in(name).splitlines(), HOW
    (lock, *_) = (example / "locks" / ".local").glob("*.conda-lock.yml")
    fields = re.findall(r"(\w+?)s?\b,?", "".join(_texts("stages.svg", kind="small right")))
    assert fields == ["version", "url", "sha256"]
    assert all(f" {field}: " in lock.read_text("utf-8") for field in fields)


@pytest.mark.slow  # the same, and a browser is started
def test_the_pictures_look_like_the_pages(example: Path, tmp_path: Path) -> None:
    with chromium_in(tmp_path) as browser:
        pictures.draw(browser, tmp_path, tmp_path)
        width = pictures.text_width(browser)
        for name, window in WINDOWS.items():
            with Image.open(tmp_path / name) as fresh, Image.open(PICTURES / name) as kept:
                assert fresh.size == kept.size == (window.width * window.scale, fresh.height)
                assert fresh.info[SOURCE] == kept.info[SOURCE], HOW
                if not window.is_top or width == kept.info[TEXT_WIDTH]:  # else lines end elsewhere
                    assert difference(fresh, kept, window.scale) < MOST, (name, HOW)
        window = WINDOWS["serve-run.png"]  # which is still open
        with Image.open(tmp_path / "serve-run.png") as fresh:
            for style, is_same in STYLES.items():
                changed = "const it = new CSSStyleSheet(); it.replaceSync(arguments[0]);"
                browser.execute_script(f"{changed} document.adoptedStyleSheets = [it]", style)
                found = difference(fresh, pictures.screenshot(browser, window), window.scale)
                assert (found < MOST) == is_same, (style, found)


STYLES = {
    "": True,
    "* { font-family: serif !important }": True,
    "* { font-family: 'DejaVu Serif', 'Noto Serif' !important }": True,
    ".bar { min-height: 6rem }": False,
    "main section { margin-top: 0 }": False,
    ".stream pre { background: white; color: black }": False,
    ".actions { float: right }": False,
}
"""What may differ between machines, and what is another layout."""


def _texts(name: str, **attributes: str) -> list[str]:
    """Return the texts of a drawing that have these attributes; ``kind`` is a class."""
    wanted = {"class" if key == "kind" else key: value for key, value in attributes.items()}
    return [
        it.text or ""
        for it in ElementTree.parse(PICTURES / name).iter("{http://www.w3.org/2000/svg}text")
        if wanted.items() <= it.attrib.items()
    ]


def test_the_stages_have_the_names_of_the_page() -> None:
    for command in _texts("stages.svg", kind="code left"):
        require_valid(command)
    steps = _texts("stages.svg", kind="step")
    assert len(steps) == 7
    page = (REPOSITORY / "docs" / "stages.md").read_text("utf-8").partition("## The compile")[2]
    assert re.search(".*".join(map(re.escape, steps)), page, re.DOTALL | re.IGNORECASE)


def _on_pages() -> list[tuple[Path, str, str]]:
    """Return the pictures on all pages, each with its page and its description."""
    return [
        (page, (page.parent / target).resolve().name, words)
        for page in PAGES
        for words, target in re.findall(r"!\[(.*?)\]\((.*?)\)", page.read_text("utf-8"), re.DOTALL)
    ]


def test_every_picture_is_on_a_page_and_small() -> None:
    kept = {it.name for it in PICTURES.iterdir()}
    assert {name for _, name, _ in _on_pages()} == kept == SHOWN.keys()
    assert {it for it in kept if it.endswith(".png")} == WINDOWS.keys()
    for name in kept:
        assert (PICTURES / name).stat().st_size < 150_000, name


def test_what_is_said_of_a_picture_is_in_it() -> None:
    for page, name, words in _on_pages():
        if name.endswith(".svg"):
            shown = " ".join(_texts(name))
        else:
            shown = html.unescape(re.sub(r"(?s)<head>.*?</head>|<[^>]+>", " ", text_in(name)))
        for part in SHOWN[name]:
            said = rf"(?i)(?<![\w.]){re.escape(part)}(?!\w)"
            assert re.search(said, words), (page, name, part)
            assert re.search(said, shown), (name, part)
