"""The report as people meet it: on a phone, in the dark, with a keyboard, and of many scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from condavision.cli.pictures.rendering import report_page
from condavision.inspection.check import LockState
from tests.chromium import chromium_in, show
from tests.inspection.overviews import lock_of, overview_of, package, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow  # a browser is started

LONG = "a/folder-whose-name-nobody-wants-to-type/" + "script_with_quite_a_name" * 4


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on 60 scripts: some with long names, some without a lock, one wrong."""
    python = package("python", "3.13.1")
    locks = [lock_of(python, package(f"library{number}"), package("six")) for number in range(20)]
    scripts = [
        script(
            f"{LONG if number % 7 == 0 else 'jobs/task'}_{number}.py",
            f"library{number % 20}",
            lock=None if number % 10 == 9 else locks[number % 20],
            state=LockState.MISSING if number % 10 == 9 else LockState.OK,
        )
        for number in range(59)
    ]
    found = overview_of(*scripts, script("wrong.py", state=LockState.UNREADABLE))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_page(found), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium(report: Path) -> Iterator[Any]:
    with chromium_in(report.parent) as found:
        found.get(report.as_uri())
        yield found


@pytest.mark.parametrize(("width", "dark"), [(360, False), (360, True), (1100, False)])
def test_nothing_is_wider_than_the_screen(width: int, dark: bool, chromium: Any) -> None:
    show(chromium, width, dark=dark)
    chromium.execute_script("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= width
    wide = chromium.execute_script(
        "return [...document.querySelectorAll('main *')].filter(it => !it.closest('.picture')"
        " && it.getBoundingClientRect().right > innerWidth + 1).map(it => it.outerHTML)"
    )
    assert wide == []
    ground = chromium.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(19, 23, 22)" if dark else "rgb(246, 247, 245)")
    assert [it for it in chromium.get_log("browser") if it["level"] == "SEVERE"] == []


def test_a_person_with_a_keyboard(chromium: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    show(chromium, 1100)
    chromium.refresh()
    chromium.find_element("tag name", "body").send_keys(Keys.TAB)
    first = chromium.switch_to.active_element
    assert first.text == "Skip to the content"
    assert first.rect["x"] >= 0, "it is seen when it has the focus"
    first.send_keys(Keys.ENTER)
    for _ in range(100):
        chromium.switch_to.active_element.send_keys(Keys.TAB)
        found = chromium.switch_to.active_element
        if found.tag_name == "summary" and "locked" in found.text:
            break
    details = found.find_element("xpath", "..")
    assert details.get_attribute("open") is None
    found.send_keys(Keys.ENTER)
    assert details.get_attribute("open") is not None
    assert found.value_of_css_property("outline-style") == "solid"
    link = details.find_element("tag name", "a")
    link.send_keys(Keys.ENTER)
    assert chromium.current_url.endswith(link.get_attribute("href").partition("#")[2])


def test_what_a_screen_reader_is_given(chromium: Any) -> None:
    tree = chromium.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = [it["role"]["value"] for it in tree if "role" in it and not it.get("ignored")]
    assert {"main", "navigation", "heading", "contentinfo", "banner"} <= {*roles}
    named = {
        it["name"]["value"]
        for it in tree
        if it.get("role", {}).get("value") in {"image", "img", "SvgRoot"} and it.get("name")
    }
    assert "Scripts, their requirement hashes and packages" in named
    assert roles.count("heading") >= 60
