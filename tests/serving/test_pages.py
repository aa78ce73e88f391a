"""The pages, as a browser without JavaScript has them."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.chromium import chromium_in
from tests.serving.conftest import PATIENCE, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUN = re.compile(r"/runs/[0-9a-f]{32}")


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[httpx.Client]:
    headers = {"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=server.url, timeout=PATIENCE, headers=headers) as client:
        for name in ("report.py", "unlocked.py"):
            client.get(f"/scripts/{name}")  # which waits until it has been looked at
        yield client


def token_in(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found
    return found[1]


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


PAGES = {
    "/": ["report.py", "Python 3", "not served", "run condavision lock scripts/unlocked.py"],
    "/scripts": ["report.py"],
    "/scripts/report.py": [
        "Print what was asked for.",
        "Month of the report",
        "1 to 12",
        "--region",
    ],
    "/scripts/echo.py": ["sys.argv is read directly", "scripts/echo.py:4"],
    "/scripts/unlocked.py": ["This script is not served", "scripts/unlocked.py has no lock"],
    "/scripts/report.py/runs": ["None yet"],
    "/runs": ["Runs"],
    "/docs": ["/scripts/report.py/runs", "integer ≥ 1, ≤ 12", "required"],
}


@pytest.mark.parametrize("path", PAGES)
def test_pages_say(path: str, browser: httpx.Client) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", answer.text)
    for words in PAGES[path]:
        assert words in text_of(answer.text)


def test_programs_get_no_pages(server: Server) -> None:
    for path in ("/scripts", "/scripts/report.py"):
        assert server.client.get(path).headers["content-type"] == "application/json"


def test_what_is_missing_is_a_page(browser: httpx.Client) -> None:
    for path in ("/scripts/none.py", "/runs/none"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert "Not Found" in text_of(answer.text)


def test_a_form_becomes_a_run(browser: httpx.Client) -> None:
    token = token_in(browser.get("/scripts/report.py").text)
    fields = {
        "token": token,
        "p.month": "5",
        "p.title": "<b>files</b> \"'&",
        "p.rate": "",
        "p.region": "south",
        "p.tags": "one\r\n-two words\r\n\r\n",
        "p.slowly": [],
        "args": "-v\r\n",
        "stdin-text": "a\r\nb",
    }
    refused = browser.post("/scripts/report.py", data=fields, files={"p.data": ("", b"")})
    assert refused.status_code == 422
    assert "tags cannot have this value" in text_of(refused.text)
    assert "&lt;b&gt;files&lt;/b&gt;" in refused.text
    assert "<b>files" not in refused.text
    fields["p.tags"] = "one\r\ntwo words\r\n"
    sent = browser.post("/scripts/report.py", data=fields, files={"p.data": ("a b.csv", b"x,y")})
    assert sent.status_code == 303
    assert RUN.fullmatch(sent.headers["location"])
    run = browser.get(
        sent.headers["location"], headers={"Accept": "*/*", "Prefer": "wait=600"}
    ).json()
    data = next(it for it in run["arguments"] if it.startswith("--data="))
    assert data.endswith("/uploads/a_b.csv")
    expected = ["--title=<b>files</b> \"'&", "--region=south", data, "--tags", "one", "two words"]
    assert sorted(run["arguments"]) == sorted([*expected, "-v", "5"])
    shown = browser.get(sent.headers["location"])
    again = re.search(r'href="([^"]*\?again=[^"]*)"', shown.text)
    assert again
    form = browser.get(again[1]).text
    assert "--region=south" in form
    assert " required" not in form
    assert "x,y" in text_of(shown.text)
    assert "<b>files" not in shown.text
    assert "succeeded" in text_of(browser.get("/scripts/report.py").text)


def test_files_instead_of_paths(browser: httpx.Client) -> None:
    form = browser.get("/scripts/join.py").text
    assert " required>" not in form  # a browser would refuse the form though a file is chosen
    fields = {"token": token_in(form), "p.first": "", "p.others": ""}
    refused = browser.post("/scripts/join.py", data=fields, files={"stdin": ("", b"")})
    assert "first is required" in text_of(refused.text)
    chosen = [("p.first", "a"), ("p.others", "b"), ("p.others", "c")]
    files = [(name, (f"{text}.txt", text.encode())) for name, text in chosen]
    sent = browser.post("/scripts/join.py", data=fields, files=files)
    place = sent.headers["location"]
    run = browser.get(place, headers={"Accept": "*/*", "Prefer": "wait=600"}).json()
    assert run["stdout"] == "abc\n"
    assert browser.get("/runs").text.count(place) == 1


def test_files_that_a_run_writes_are_linked(browser: httpx.Client) -> None:
    token = token_in(browser.get("/scripts/writes.py").text)
    sent = browser.post("/scripts/writes.py", data={"token": token}, files={"stdin": ("", b"")})
    browser.get(sent.headers["location"], headers={"Accept": "*/*", "Prefer": "wait=600"})
    page = browser.get(sent.headers["location"]).text
    assert "&lt;img src=x&gt;.html" in page
    assert "<img src=x>" not in page
    (link,) = re.findall(r'href="(/runs/[^"]+of%20it.txt)"', page)
    assert browser.get(link).text == "written"


def test_forms_of_other_pages_do_nothing(browser: httpx.Client) -> None:
    token = token_in(browser.get("/scripts/echo.py").text)
    old = browser.post("/scripts/echo.py", data={"token": "x"}, files={"stdin": ("", b"")})
    assert old.status_code == 403
    assert "older than the server" in text_of(old.text)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    sent = browser.post("/scripts/echo.py", data={"token": token}, headers=foreign)
    assert sent.status_code == 403
    assert "None yet" in text_of(browser.get("/scripts/echo.py").text)


def test_the_button_of_a_run_ends_it(browser: httpx.Client, server: Server) -> None:
    run = server.client.post("/scripts/wait.py/runs", headers={"Prefer": "respond-async"}).json()
    page = browser.get(f"/runs/{run['id']}")
    assert 'http-equiv="refresh"' in page.text
    assert browser.post(f"/runs/{run['id']}", data={"token": "x"}).status_code == 403
    assert browser.post(f"/runs/{run['id']}", data={"token": "x" * 5000}).status_code == 413
    sent = browser.post(f"/runs/{run['id']}", data={"token": token_in(page.text)})
    assert sent.status_code == 303
    ended = browser.get(sent.headers["location"])
    assert "cancelled" in text_of(ended.text)
    assert 'http-equiv="refresh"' not in ended.text


def test_the_files_of_pages_are_shipped(browser: httpx.Client) -> None:
    page = browser.get("/").text
    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert {re.sub(r"\?.*", "", it) for it in found} == {
        "/static/icon.svg",
        "/static/pages.css",
        "/static/pages.js",
    }
    assert all(browser.get(it).status_code == 200 for it in found)
    assert "http" not in re.sub(r"http://www\.w3\.org", "", "".join(found))
    assert browser.get("/static/../views.py").status_code == 404


@pytest.fixture(scope="module")
def chromium(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    downloads = tmp_path_factory.mktemp("downloads")
    with chromium_in(downloads) as found:
        found.downloads = downloads
        found.base = server.url
        yield found


def until(chromium: Any, holds: Callable[[], Any]) -> Any:
    """Wait until something holds on the page, which may change while it is looked at."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    changing = [StaleElementReferenceException]
    waiting = WebDriverWait(chromium, PATIENCE, ignored_exceptions=changing)
    return waiting.until(lambda _: holds())


def shown(chromium: Any, selector: str) -> str:
    found = chromium.find_elements("css selector", selector)
    return " ".join(it.text for it in found)


@pytest.mark.slow
def test_a_person_fills_in_a_form_and_sees_the_output_come(chromium: Any, tmp_path: Path) -> None:
    upload = tmp_path / "figures.csv"
    upload.write_text("x,y\n")
    chromium.get(f"{chromium.base}/")
    chromium.find_element("link text", "report.py").click()
    until(chromium, lambda: "Month of the report" in chromium.page_source)
    name = chromium.find_element("name", "p.month")
    assert (
        chromium.execute_script("return arguments[0].labels[0].innerText", name) == "month required"
    )
    name.send_keys("5")
    chromium.find_element("name", "p.title").send_keys("files")
    chromium.find_element("name", "p.rows").send_keys("3")
    chromium.find_element("name", "p.data").send_keys(str(upload))
    chromium.find_element("name", "p.title").send_keys("\ue007")  # Enter
    until(chromium, lambda: "succeeded" in shown(chromium, "#state"))
    output = shown(chromium, "#stdout pre")
    assert '"data": "x,y\\n"' in output
    assert output.endswith("row 1\nrow 2")
    chromium.find_element("link text", "report.txt").click()
    file = chromium.downloads / "report.txt"
    until(chromium, file.exists)
    assert file.read_text() == "month 5\n"
    assert [it for it in chromium.get_log("browser") if it["level"] == "SEVERE"] == []


@pytest.mark.slow
def test_a_person_cancels_a_run(chromium: Any) -> None:
    chromium.get(f"{chromium.base}/scripts/wait.py")
    chromium.find_element("css selector", "form [type=submit]").click()
    until(chromium, lambda: "started\n€" in shown(chromium, "#stdout pre"))  # while it runs
    assert shown(chromium, "#state") == "running"
    chromium.find_element("css selector", "#cancel button").click()
    until(chromium, lambda: shown(chromium, "#state") == "cancelled")
    assert not chromium.find_element("css selector", "#cancel").is_displayed()
    assert "started" in shown(chromium, "#stdout pre")
