"""`condavision map`, with real processes: what it writes, how it ends, how it resumes."""

from __future__ import annotations

import gc
import json
import os
import random
import shlex
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_json import FIELDS, require_valid
from tests.command_line import CONDAVISION, CommandLine, InProcess

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX's")


@pytest.fixture
def command(project: Path) -> CommandLine:
    return InProcess(project)


def write_inputs(folder: Path, *inputs: dict[str, Any]) -> None:
    folder.joinpath("in.jsonl").write_text("".join(f"{json.dumps(it)}\n" for it in inputs))


def rows(folder: Path) -> list[dict[str, Any]]:
    return [*map(json.loads, (folder / "out" / "results.jsonl").read_bytes().splitlines())]


MAP = ("map", "script.py", "in.jsonl", "-o", "out")


def test_rows_have_the_order_of_the_inputs(command: CommandLine) -> None:
    inputs: list[dict[str, Any]] = [
        {"text": "slow", "sleep": 0.3, "stdin": "in"},
        {"text": "x", "exit": 3},
        {"text": "ü", "write": "a.txt"},
        {"args": ["raw"]},
    ]
    write_inputs(command.folder, *inputs)
    found = command(*MAP, "--jobs", "3", "--json")
    assert found.code == 1
    document = found.json()
    require_valid(document, "map")
    assert document.keys() == {"schema", *FIELDS["map"]}
    assert (document["inputs"], document["succeeded"], document["failed"]) == (4, 3, 1)
    assert document["reasons"] == {"exit code 3": 1}
    assert document["hosts"] == {socket.gethostname(): 4}
    given = rows(command.folder)
    assert [row["input"] for row in given] == inputs
    assert [row["stdout"] for row in given] == ["slow|in\n", "x|\n", "ü|\n", "raw|\n"]
    assert [row["stderr"] for row in given] == ["", "eee", "", ""]
    assert [row["files"] for row in given] == [[], [], ["files/0/3/work/a.txt"], []]
    assert given[0]["seconds"] >= 0.3

    again = command(*MAP)  # nothing is left to run
    assert (
        again.out == "4 inputs: 3 succeeded, 1 failed, 4 of them earlier; see out/results.jsonl\n"
    )
    assert "sed -n 2p out/results.jsonl" in again.err
    before = (command.folder / "out" / "results.jsonl").read_bytes()
    alone = command(*MAP[:-1], "alone", "--jobs", "1")
    assert alone.code == 1
    lines = (command.folder / "alone" / "results.jsonl").read_bytes().splitlines()
    marked = [line.partition(b', "seconds": ')[0] for line in before.splitlines()]
    assert [line.partition(b', "seconds": ')[0] for line in lines] == marked
    assert (command.folder / "alone" / "files" / "0" / "3" / "work" / "a.txt").exists()


def test_garbage_is_collected(command: CommandLine) -> None:
    """A short command does without; over many inputs that would fill the memory."""
    write_inputs(command.folder, {"text": "x"})
    gc.disable()  # as the entry point does
    try:
        command(*MAP).ok()
        assert gc.isenabled()
    finally:
        gc.unfreeze()
        gc.enable()


def test_files_and_lines(command: CommandLine) -> None:
    for name in ("b.csv", "a.csv"):
        (command.folder / name).write_text(name)
    command("map", "script.py", "*.csv", "-o", "out", "-q", "--", "--exit", "0").ok()
    assert [row["input"] for row in rows(command.folder)] == ["a.csv", "b.csv"]
    assert [row["stdout"] for row in rows(command.folder)] == [
        f"{command.folder / name}|\n" for name in ("a.csv", "b.csv")
    ]
    found = command("map", "script.py", "-", "-o", "out", "--each", "line", stdin="x\ny z\n").ok()
    assert "all inputs are run again" in found.err
    assert [row["stdout"] for row in rows(command.folder)] == ["x|\n", "y z|\n"]
    assert (command.folder / "out" / ".map" / ".gitignore").read_text() == "*\n"
    other = command("map", "script.py", "-", "-o", "out", "--each", "line", stdin="z\ny z\n").ok()
    assert "earlier results in out were of other inputs, and are gone (1): give" in other.err
    alone = command("map", "script.py", "a.csv", "-o", "new").ok().err
    assert "a.csv is one input, as a file: for one of each line, give --each line" in alone


@pytest.mark.slow  # a process for each kind of input
def test_batches_pipes_and_lists_of_files(command: CommandLine) -> None:
    (command.folder / "a.csv").touch()
    command(
        *("map", "script.py", "-", "-o", "out", "--batch", "2", "-q"),
        stdin='{"a": 1}\n{"a": 2}\n{"a": 3}\n',
    ).ok()
    assert [row["input"] for row in rows(command.folder)] == [[{"a": 1}, {"a": 2}], [{"a": 3}]]
    assert rows(command.folder)[0]["stdout"] == 'None|{"a": 1}\n{"a": 2}\n'
    os.mkfifo(command.folder / "pipe.jsonl")
    words = f"exec {shlex.join([*CONDAVISION, *MAP[:2], 'pipe.jsonl', '-q', '-o', 'out'])}"
    script = f"""echo '{{"text": "piped"}}' > pipe.jsonl & {words}"""
    assert command.process(["sh", "-c", script]).ok()
    assert [row["stdout"] for row in rows(command.folder)] == ["piped|\n"]
    command("map", "script.py", "-", "--each", "file", "-qo", "out", stdin="a.csv\n").ok()
    assert [row["input"] for row in rows(command.folder)] == ["a.csv"]


def test_nothing_runs_unless_all_inputs_can_be_used(command: CommandLine) -> None:
    write_inputs(command.folder, {"log": str(command.folder / "log")}, {"exit": "x"}, {"tex": ""})
    found = command(*MAP)
    assert found.code == 2
    assert "error: in.jsonl:2: exit has to be an integer" in found.err
    assert "in.jsonl:3: unknown parameter tex; did you mean text?" in found.err
    assert found.out == command(*MAP, "--", "--json").out == ""
    assert command(*MAP, "--json").json()["code"] == 2
    assert not (command.folder / "log").exists()
    assert not (command.folder / "out").exists()


@pytest.mark.parametrize("code", [70, 71])
def test_it_never_solves(code: int, command: CommandLine) -> None:
    write_inputs(command.folder, {})
    script = command.folder / "script.py"
    if code == 70:
        (command.folder / "new.py").write_text("print(1)\n")
    else:
        script.write_text(f"import requests\n{script.read_text()}")
    found = command("map", "new.py" if code == 70 else "script.py", "in.jsonl", "-o", "out")
    assert found.code == code
    assert "run `condavision lock" in found.err
    assert not (command.folder / "out").exists()


def test_a_change_of_the_script_runs_all_again(command: CommandLine) -> None:
    write_inputs(command.folder, {"text": "x"})
    command(*MAP, "-q").ok()
    with (command.folder / "script.py").open("a") as stream:
        stream.write("# edited\n")
    found = command(*MAP, "-q").ok()
    assert "all inputs are run again" in found.err
    assert "sources" in found.err
    assert "earlier" not in found.out


def test_a_second_map_on_a_folder_is_refused(command: CommandLine) -> None:
    log = command.folder / "log"
    write_inputs(command.folder, {"log": str(log), "sleep": 99})
    with started(command.folder, log) as first:
        found = command(*MAP)
        assert found.code == 2
        assert "another `condavision map` writes to out" in found.err
        first.send_signal(signal.SIGINT)
        assert first.wait(600) == 130


def started(folder: Path, log: Path | None = None) -> subprocess.Popen[str]:
    """Start a map, and wait until a script has been run, if that writes to a log."""
    process = subprocess.Popen(
        [*CONDAVISION, *MAP, "--jobs", "3"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while log is not None and not log.exists() and process.poll() is None:
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_a_state_to_resume(
    number: signal.Signals, command: CommandLine
) -> None:
    log = command.folder / "log"
    inputs = [{"text": f"{it}", "log": str(log), "sleep": it // 2 * 99} for it in range(4)]
    write_inputs(command.folder, *inputs)
    with started(command.folder, log) as process:
        while log.read_text().count("\n") < 3:
            time.sleep(0.01)
        process.send_signal(number)
        said = process.communicate(timeout=600)[0]
    assert process.returncode == 128 + number
    assert "the same command runs the rest" in said
    assert {row["exit_code"] for row in rows(command.folder)} <= {0}
    log.unlink()
    log.touch()
    waiting = command.folder.joinpath("out", ".map", "journal").read_bytes().splitlines()
    written = len(rows(command.folder))
    done = written + sum(int(it.partition(b" ")[0]) > written for it in waiting)
    write_inputs(command.folder, *({**it, "sleep": 0} if it["sleep"] else it for it in inputs))
    command(*MAP, "-q").ok()
    assert len(rows(command.folder)) == 4
    assert len(log.read_text().splitlines()) == 4 - done


KILLS = 3


@pytest.mark.slow
def test_a_killed_map_has_every_input_once(command: CommandLine) -> None:
    """Processes are killed at random moments; the script notes each of its runs."""
    log = command.folder / "log"
    inputs = [{"text": f"{number}", "log": str(log), "sleep": 0.05} for number in range(24)]
    write_inputs(command.folder, *inputs)
    for _ in range(KILLS):
        before = log.stat().st_size if log.exists() else 0
        with started(command.folder) as process:
            ran = before + random.randrange(24)  # bytes, three for each run
            while process.poll() is None and (log.stat().st_size if log.exists() else 0) <= ran:
                time.sleep(0.01)
            process.kill()
    command(*MAP, "-q").ok()
    assert [row["input"] for row in rows(command.folder)] == inputs
    runs = log.read_text().splitlines()
    assert {*runs} == {it["text"] for it in inputs}
    assert len(runs) <= len(inputs) + KILLS * 6  # what was running, or had just ended, is run again
