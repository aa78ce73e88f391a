"""Every block of the pages is run: here, or by a test that takes it out of its page."""

from __future__ import annotations

import re
import shutil
from contextlib import closing, contextmanager
from socket import gethostname
from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess
from tests.pages import PAGES, REPOSITORY, blocks, commands, play, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from condavision.interpreters.probing import Interpreter

NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
ADDRESS = "tcp://host:8786"
PLAYED = {"console", "sh"}
READ = {"toml": "tests/test_pages.py reads each as a configuration"}

REPORT = 'from jinja2 import Template\n\nprint(Template("{{ n }} figs").render(n=12))\n'
LOCAL = {"condavision.toml": 'channels = ["interpreters:"]\n', "report.py": REPORT}
GIVEN: dict[str, dict[str, str]] = {
    "docs/index.md": LOCAL,
    "docs/coming-from.md": LOCAL | {"scripts/a.py": REPORT, "requirements.txt": "jinja2==3.1.5\n"},
    "docs/howto/bots.md": LOCAL,
    "docs/howto/editors.md": {"test_report.py": "def test_report():\n    import report\n"},
    "docs/howto/jupyter.md": LOCAL,
    "docs/howto/make.md": LOCAL | {"package/module.py": "print(__name__)\n"},
    "docs/proof.md": {"condavision.toml": LOCAL["condavision.toml"]},
    "docs/howto/upgrade.md": {"requirements.txt": "jinja2==3.1.5\n"},
}
"""What the reader of a page has before: files, of which ``report.py`` is locked."""


@pytest.mark.slow  # environments are installed, as the reader of a page would
@pytest.mark.skipif(shutil.which("sh") is None, reason="the pages are for POSIX")
@pytest.mark.parametrize("page", [it for it in NAMES if it != "README.md"])
def test_what_a_page_shows(
    page: str,
    make_project: Callable[[Mapping[str, str]], Path],
    home: Path,
    python2: Interpreter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    given = GIVEN.get(page, {})
    command = InProcess(make_project({"condavision.toml": "", **given}), merged=True)
    if "report.py" in given:
        command("lock", "report.py").ok()
    played = {it for it in blocks(page) if it.kind in PLAYED} - taken()
    with _cluster(page, home) as names:
        assert play(page, command, taken(), names) == len(played)


@contextmanager
def _cluster(page: str, folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Start a cluster where a page shows commands with one, with a worker as on the page.

    What is yielded is the names that the page has for the scheduler and a host, and those here.
    """
    shown = [it.text for it in blocks(page) if ADDRESS in it.text]
    if not any(it.kind == "console" and ADDRESS in it.text for it in blocks(page)):
        yield []
        return
    from tests.cluster.processes import Cluster

    with closing(Cluster(folder)) as cluster:
        (threads,) = re.findall(rf"dask worker {ADDRESS} --nthreads (\d+)", "".join(shown))
        cluster.worker(threads=int(threads))
        yield [(ADDRESS, cluster.address), ("node1", gethostname())]


@pytest.mark.parametrize("page", NAMES)
def test_nothing_is_shown_that_nobody_runs(page: str) -> None:
    for block in blocks(page):
        if not block.verb and block.kind not in PLAYED | READ.keys() and block not in taken():
            pytest.fail(f"no test runs:\n{block.text}")


@pytest.mark.parametrize("page", NAMES)
def test_whatever_is_shown_is_in_a_block(page: str) -> None:
    """What is only indented would not be found."""
    text = (REPOSITORY / page).read_text("utf-8")
    prose = re.sub(r"(?ms)^ *```.*?^ *```", "", text)
    assert not re.findall(r"(?m)^ {4,}[^ ].*", prose)


@pytest.mark.parametrize("page", NAMES)
def test_a_console_shows_commands(page: str) -> None:
    for block in blocks(page):
        assert block.kind != "console" or [*commands(block)], block.text
