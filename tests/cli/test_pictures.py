"""Pictures and pages: well-formed, self-contained, and readable by anybody."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from condavision.cli.pictures import rendering
from condavision.cli.pictures.advising import advice_words
from condavision.cli.pictures.diagram import Look, diagram
from condavision.cli.pictures.rendering import graph_page, report_page, svg
from condavision.cli.pictures.text import dot, mermaid
from condavision.cli.wording import size_words
from condavision.core.evidence import Unproved
from condavision.core.model import LockRecord, PythonReason, SourceLocation
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError
from condavision.inspection.advice import advice
from condavision.inspection.check import LockState
from condavision.inspection.overview import Overview, Size
from tests.inspection.overviews import lock_of, overview_of, package, script

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

ODD = 'a "b" <i>&\\ [x]\x1b.py'


def overview() -> Overview:
    """Scripts of every state, one with an odd name, and a lock of 200 packages."""
    many = [package(f"dependency{number:03}") for number in range(198)]
    needs = [it.name for it in many]
    big = lock_of(package("python", "3.13.1"), *many, package("pandas", "2.0", *needs))
    small = lock_of(package("python", "3.13.1"), package("dependency000"))
    return overview_of(
        script(ODD, "pandas", lock=big),
        script("b.py", "dependency000", lock=small),
        script("c.py", "dependency000", lock=small),
        script("missing.py", "six", state=LockState.MISSING),
        script("wrong.py", state=LockState.UNREADABLE),
        sizes={"pandas": 12_300_000, "python": 30_000_000},
    )


class Page(HTMLParser):
    """What a page is made of."""

    VOID = frozenset({"br", "meta", "path", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag in tags]


@pytest.mark.parametrize("make", [graph_page, report_page])
def test_a_page_is_self_contained_and_accessible(make: object) -> None:
    text = make(overview())  # type: ignore[operator]
    page = Page(text)
    assert set(re.findall(r"https?://[^\"\s<]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not page.of("script", "link", "img", "iframe")
    assert page.of("html")[0]["lang"] == "en"
    assert "width=device-width" in text
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(it.get("scope") in {"row", "col"} for it in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table")) > 0
    ids = [str(it["id"]) for _, it in page.found if "id" in it]
    assert len(ids) == len({*ids})
    used = [str(it["href"]) for it in page.of("a")]
    used += [f"#{it['aria-labelledby']}" for it in page.of("section")]
    assert {it.removeprefix("#") for it in used} <= {*ids}
    assert "<i>" not in text
    assert "\x1b" not in text
    assert make(overview()) == text  # type: ignore[operator]


def test_a_report_says_what_is_wrong_and_what_to_type() -> None:
    text = report_page(overview())
    assert "<code>condavision lock missing.py</code>" in text
    assert "wrong.py:1: not Python" in text
    for word, _ in rendering._STATES.values():
        assert (word in text) is (word not in {"stale lock", "error"})
    assert "and 198 more" in text


def test_a_report_says_what_to_review_and_keeps_secrets() -> None:
    record = LockRecord(
        unverified=(("cv3", "opencv3"),), unproved=(("odd.part", Unproved.OFFLINE),)
    )
    lock = replace(lock_of(package("python", "3.13.1")), record=record)
    one = script("a.py", lock=lock)
    secret = AnalysisError("https://ada:geheim@x.invalid/simple refuses access")
    other = script("b.py", state=LockState.UNREADABLE)
    other = replace(other, checked=replace(other.checked, error=secret))
    text = report_page(overview_of(one, other))
    assert "unverified identity: cv3=opencv3" in text
    assert "not proved: odd.part (offline)" in text
    assert "x.invalid/simple refuses access" in text
    assert "geheim" not in text


def _luminance(color: str) -> float:
    """Return the relative luminance of a color (WCAG 2.2)."""
    long = color if len(color) == 7 else "#" + "".join(it * 2 for it in color[1:])
    parts = (int(long[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    *[(text, ground) for text in ("text", "soft", "accent") for ground in ("page", "card")],
    *[("text", "code"), ("accent", "accent-soft"), ("bad", "bad-soft"), ("wait", "wait-soft")],
]
PRINTED = [(text, "card") for text in ("text", "soft", "accent", "bad", "wait")]
DRAWN = [(text, "paper") for text in ("ink", "soft", "wait", "bad", "mark")]


def test_colors_have_contrast() -> None:
    page = report_page(overview())
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w+)", it))
        for it in re.findall(r"\{[^{}]*--[\w-]+: #[^{}]*\}", page)
    ]
    light, dark, printed, *drawings = themes
    for theme, pairs in (
        (light, PAIRS),
        (dark, PAIRS),
        *(({**theme, **printed}, PRINTED) for theme in (light, dark)),
        *((it, DRAWN) for it in drawings),
    ):
        for one, other in pairs:
            assert _contrast(theme[one], theme[other]) >= 4.5, (one, other, theme)
    assert len(drawings) == 3


def test_a_drawing_is_a_file_of_its_own() -> None:
    root = ElementTree.fromstring(svg(diagram(overview())))
    words = "".join(root.itertext())
    assert "and 198 more" in words
    assert "dependency197 1.0 (PyPI)" in words, "in a title"
    assert 'a "b" <i>&' in words
    assert len([*root.iter("{http://www.w3.org/2000/svg}g")]) == 5 + 3 + 4
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for rect in root.iter("{http://www.w3.org/2000/svg}rect"):
        if "x" in rect.attrib:
            assert float(rect.attrib["x"]) + float(rect.attrib["width"]) <= width
            assert float(rect.attrib["y"]) + float(rect.attrib["height"]) <= height
    empty = ElementTree.fromstring(svg(diagram(overview_of())))
    assert "packages" in "".join(empty.itertext())


def test_a_flowchart_for_mermaid() -> None:
    text = mermaid(diagram(overview()))
    assert text.startswith("flowchart LR\n")
    names = re.findall(r'"([^"]*)"\]', text)
    assert any("a #34;b#34; #60;i#62;#38;#92; #91;x#93;" in it for it in names)
    assert not any(re.search(r"[\"\\&\[\]]|<(?!br/>)", it) for it in names)
    known = set(re.findall(r"^    (\w+)\[", text, re.MULTILINE))
    for start, end in re.findall(r"(\w+) --> (\w+)", text):
        assert {start, end} <= known
    assert "class script3,hash2 wanting" in text
    assert "class script4 broken" in text


def test_a_graph_for_graphviz() -> None:
    text = dot(diagram(overview()))
    assert r'label="a \"b\" <i>&\\ [x]' in text
    assert text.count("{") == text.count("}")
    assert "hash0 -> rest0" in text
    assert 'label="missing.py\\nno lock", color="#b26a00", style=dashed' in text


def test_what_is_shared_is_marked() -> None:
    looks = {node.name: node.look for node in diagram(overview()).nodes}
    assert looks["python 3.13.1"] is Look.SHARED
    assert looks["pandas 2.0 (PyPI)"] is Look.PLAIN
    assert looks["missing.py"] is Look.WANTING
    assert looks["wrong.py"] is Look.BROKEN
    assert looks["and 198 more"] is Look.REST


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (Size(), "nothing"),
        (Size(2, 0, 2), "size unknown"),
        (Size(1, 999), "999 bytes"),
        (Size(1, 0), "0 bytes"),
        (Size(3, 1_234_567, 1), "1.2 MB, 1 of unknown size"),
        (Size(1, 45_600), "46 kB"),
        (Size(9, 2_500_000_000), "2.5 GB"),
    ],
)
def test_the_words_of_a_size(size: Size, words: str) -> None:
    assert size_words(size) == words


def test_the_words_of_advice() -> None:
    old = PythonRange.below(3, 12)
    reasons = [
        PythonReason(SourceLocation("old.py", line), "module asyncore", old) for line in (2, 3)
    ]
    found = overview_of(
        script("old.py", "requests", pythons=">=3.10,<3.12", reasons=reasons[:1]),
        script("new.py", "requests"),
        script("older.py", "six", pythons=">=3.10,<3.12", reasons=reasons[1:]),
        script("c.py", "six", "attrs", lock=lock_of(package("python", "3.13.1"), package("six"))),
        sizes={"six": 1000},
    )
    share, kept, cost = map(advice_words, advice(found))
    assert share == (
        "module asyncore (>=2.7,<3.12) at old.py:2 is all that keeps old.py, new.py from sharing an"
        ' environment; or declare `requires-python = ">=3.10,<3.12"` in each'
    )
    assert kept == "module asyncore (>=2.7,<3.12) keeps old.py:2, old.py:3 from Python 3.13"
    assert cost == "six costs most: 1 kB, required at c.py:1"


def test_the_words_about_an_old_lock() -> None:
    new = script("new.py", lock=lock_of(package("python", "3.13.1")))
    old = script("a b.py", "six", lock=lock_of(package("python", "3.11.9"), package("six")))
    (said,) = map(advice_words, advice(overview_of(new, old)))
    assert "could run on Python 3.13, but the lock" in said
    assert "has 3.11.9; `condavision lock --upgrade 'a b.py'` may change that" in said


@pytest.mark.parametrize(
    ("file", "start"),
    [
        ("g.mmd", "flowchart LR"),
        ("g.gv", "digraph"),
        ("sub/g.svg", "<svg "),
        ("g.HTML", "<!doctype html>"),
        ("g.json", "{"),
    ],
)
def test_the_ending_of_a_file_decides(file: str, start: str, command: CommandLine) -> None:
    written = command("graph", "-o", file).ok()
    assert written.out == ""
    assert (command.folder / file).read_text().startswith(start)


def test_a_format_that_is_not_known(command: CommandLine) -> None:
    failed = command("graph", "-o", "g.png")
    assert (failed.code, ".svg" in failed.err) == (2, True)
    assert command("graph", "--json", "--format", "dot").code == 2
    assert command("graph", "--format", "dot", "-o", "g.png").ok().out == ""


def test_a_report_of_a_folder(command: CommandLine, tmp_path: Path) -> None:
    command("report", command.folder, "-o", tmp_path / "r.html", cwd=tmp_path).ok()
    assert (
        "project/s.py" in (tmp_path / "r.html").read_text()
        or "s.py" in (tmp_path / "r.html").read_text()
    )
    assert command("report").ok().out.startswith("<!doctype html>")
    assert command("report", "gone.py").code == 65
