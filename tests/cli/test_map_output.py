"""What a person sees of `map`: a bar, lines of a log, the summary."""

from __future__ import annotations

import io
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from condavision.cli import group, map_output
from condavision.cli.map_output import print_summary, shown_map
from condavision.cluster.run import Mapped, Request
from condavision.cluster.spread import Stopped, Tally

BUSY = [
    Tally(checked=1200),
    Tally(total=2000, succeeded=1),
    Tally(total=2000, succeeded=1234, failed=3, hosts=Counter(n1=1000, n2=237)),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["bar", "lines"])
def test_progress(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(map_output, "_LINE", 0.0)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with shown_map() as watch:
        for tally in BUSY:
            watch(tally)
    said = stream.getvalue()
    assert "1,237 of 2,000" in said
    assert "3 failed, 2 hosts" in said
    assert "/s" in said
    assert stream.isatty() or "condavision: 1,200 checked\n" in said


def test_nothing_is_shown_if_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with group.make_context("condavision", ["-q", "map"]), shown_map() as watch:
        for tally in BUSY:
            watch(tally)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("fields", "out", "err"),
    [
        ({"succeeded": 9}, "9 inputs: 9 succeeded; see r/results.jsonl\n", ""),
        (
            {"succeeded": 2, "earlier": 2, "stop": Stopped.INTERRUPTED},
            "9 inputs: 2 succeeded, 7 not run, 2 of them earlier; see r/results.jsonl\n",
            "interrupted: the same command runs the rest\n",
        ),
        (
            {
                "succeeded": 3,
                "failed": 4,
                "stop": Stopped.FAILURES,
                "first_failed": 5,
                "reasons": Counter({"timeout": 1, "exit code 1": 2, "worker-lost": 1}),
                "lost": [8, 7],
            },
            (
                "9 inputs: 3 succeeded, 4 failed (2 with exit code 1, 1 timed out,"
                " 1 whose workers ended), 2 not run; see r/results.jsonl\n"
            ),
            (
                "the first that failed is input 5; for its row, run `sed -n 5p r/results.jsonl`\n"
                "their workers ended each time: inputs 7, 8\n"
                "stopped: too many failed; the same command runs the rest\n"
            ),
        ),
    ],
)
def test_summary(
    fields: dict[str, Any], out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    request = Request(Path("s.py"), ("in.jsonl",), Path("r"))
    mapped = Mapped(request, Tally(total=9, **fields), Path("r/results.jsonl"), ())
    print_summary(mapped, 1.0, as_json=False)
    assert capsys.readouterr() == (out, err)
