"""The jobs of CI on the pages and in the templates, step by step, in sh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from condavision.export.scaffold import CI
from tests.command_line import InProcess
from tests.pages import in_sh, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

JOBS = (
    shown("docs/howto/ci.md", "  report:\n"),
    shown("docs/howto/ci.md", "  upgrade:\n"),
    shown("docs/howto/bots.md", "  upgrade:\n"),
    shown("docs/howto/bots.md", "dependabot/pip/**"),
)
FILES = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "requirements.txt": "tabulate==0.9.0\n",
    "scripts/report.py": "import sys, tabulate\nprint(tabulate.__version__, sys.argv[1:])\n",
}


def _commands(document: Any) -> Iterator[str]:
    """Yield what a job runs; condavision is installed, and tests/test_bots.py has the commits."""
    if "include" in document:
        return
    for job in (document.get("jobs") or document).values():
        steps = [it.get("run", "") for it in job["steps"]] if "steps" in job else job["script"]
        yield from (it for it in steps if it.startswith("condavision "))


@pytest.mark.slow
def test_what_the_jobs_run(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> None:
    command = InProcess(make_project(FILES), merged=True)
    command("lock", ".").ok()
    command("init", "--ci", "github", "--ci", "gitlab").ok()
    templates = [(command.folder / name).read_text() for names in CI.values() for name in names]
    ran = {
        line.partition(" #")[0]: in_sh(line, command).ok().out
        for text in (*templates, *JOBS)
        for line in _commands(yaml.safe_load(text))
    }
    assert len(ran) == 6
    assert "['--month', '5']" in ran["condavision run scripts/report.py --month 5"]
    assert "0.9.0" in ran["condavision lock --from requirements.txt ."]


def test_gitlab_includes_what_is_written() -> None:
    included = yaml.safe_load(shown("docs/howto/ci.md", "include:"))["include"]
    assert [it["local"] for it in included] == [next(iter(CI["gitlab"]))]
