"""The command that the wheel brings: found by any way to it, nothing lost on the way."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv

import condavision

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.skipif(os.name == "nt", reason="an entry point there")

REPOSITORY = Path(condavision.__file__).parents[1]
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
TELL = """\
import os, sys
print(ascii((sys.argv[0], [os.fsencode(one) for one in sys.argv[1:]], os.environb)))
"""
BYTES = [
    bytes(range(1, 128)),
    bytes(range(128, 256)),
    b"",
    b" a  b ",
    b"*",
    b"\\n\\0",
    b"-",
    b"x\n\n",
]


def install(folder: Path, first_line: str = f"#!{sys.executable}", body: str = TELL) -> Path:
    """Put the command into a folder as installers do; Python then prints its arguments."""
    folder.mkdir(parents=True)
    shutil.copy(REPOSITORY / "bin" / "condavision", folder)
    helper = folder / "condavision-python"
    helper.write_text(f"{first_line}\n{body}")
    helper.chmod(0o755)
    return folder / "condavision"


def told(command: list[Any], **options: Any) -> tuple[str, list[bytes], Mapping[bytes, bytes]]:
    ran = subprocess.run(command, capture_output=True, check=True, **options)
    assert ran.stderr == b""
    name, arguments, environ = ast.literal_eval(ran.stdout.decode().replace("environ(", "("))
    return name, arguments, environ


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_arguments_and_variables_arrive_as_they_are(
    shell: str, locale: str, tmp_path: Path
) -> None:
    command = install(tmp_path / "a b é" / "bin")
    environ = {
        b"PATH": os.fsencode(os.environ["PATH"]),
        b"PWD": os.fsencode(tmp_path),
        b"LC_ALL": locale.encode(),
        b"CDPATH": b"/",
        b"ENV": b"/none",
        b"SHELLOPTS": b"errexit:noglob:nounset",
        b"python": b"mine",
        b"file": b"\xff\n",
        b"EMPTY": b"",
    }
    name, arguments, received = told([shell, command, *BYTES], env=environ, cwd=tmp_path)
    assert arguments == BYTES
    assert name == f"{command}-python"
    shells_own = {b"SHELLOPTS", b"BASHOPTS", b"SHLVL", b"_", b"OLDPWD", b"LC_CTYPE"}
    assert {k: v for k, v in received.items() if k not in shells_own} == {
        k: v for k, v in environ.items() if k not in shells_own
    }


def test_standard_input_is_the_scripts(tmp_path: Path) -> None:
    command = install(tmp_path / "bin", body="import sys\nprint(sys.stdin.read())\n")
    ran = subprocess.run([command], input=b"#!/a\nb", capture_output=True, check=True)
    assert ran.stdout == b"#!/a\nb\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_way_to_the_command(shell: str, tmp_path: Path) -> None:
    """By a relative path, by PATH, and by symlinks: to it, to a symlink, beside a linked Python."""
    command = install(tmp_path / "-in st" / "bin")
    links = tmp_path / "links"
    links.mkdir()
    (links / "relative").symlink_to(f"../{command.relative_to(tmp_path)}")
    (links / "twice").symlink_to("relative")
    (links / "absolute").symlink_to(command)
    (links / "folder").symlink_to(command.parent)
    tools = tmp_path / "tools"
    tools.mkdir()
    for path in (command, Path(f"{command}-python")):
        (tools / path.name).symlink_to(path)
    ways = [
        ("./condavision", command.parent),
        ("./-in st/bin/condavision", tmp_path),
        ("links/relative", tmp_path),
        ("./twice", links),
        (str(links / "absolute"), Path("/")),
        ("../links/folder/condavision", links),
        ("tools/condavision", tmp_path),
    ]
    for way, cwd in ways:
        assert told([way, "x"], cwd=cwd)[1] == [b"x"], way
        assert told([shell, way, "x"], cwd=cwd)[1] == [b"x"], way
    found = ["sh", "-c", 'PATH=$1:$PATH; condavision "a b"', "sh", str(tools)]
    assert told(found)[1] == [b"a b"]
    assert told([shell, "condavision", "x"], cwd=command.parent)[1] == [b"x"]


def test_a_first_line_that_is_not_just_a_path(tmp_path: Path) -> None:
    """uv starts a Python whose path has spaces through sh, and packagers add options."""
    venv = tmp_path / "v e n v"
    trampoline = "#!/bin/sh\n'''exec' '{}' \"$0\" \"$@\"\n' '''"
    python = venv / "python"
    venv.mkdir()
    python.symlink_to(sys.executable)
    by_uv = install(venv / "bin", trampoline.format(python))
    assert told([by_uv, "a b", ""])[1] == [b"a b", b""]
    by_pip = install(venv / "pip" / "bin", f"#!{python}")
    assert told([by_pip, "a b", ""])[1] == [b"a b", b""]
    with_options = install(tmp_path / "packager", f"#!{sys.executable} -sP")
    assert told([with_options, "a b"])[1] == [b"a b"]
    (tmp_path / "env").symlink_to("/usr/bin/env")
    by_conda = install(tmp_path / "long", f"#!{tmp_path}/env {Path(sys.executable).name}")
    found = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    assert told([by_conda, "a b"], env=found)[1] == [b"a b"]


TRAMPOLINE = "#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''"


@pytest.mark.parametrize("first_line", ["#!{python}", "#!{python} -s", TRAMPOLINE])
@pytest.mark.parametrize("shell", SHELLS)
def test_its_python_takes_nothing_that_is_the_scripts(
    first_line: str, shell: str, tmp_path: Path
) -> None:
    """Variables for the script's Python pass through, and would break the command's own."""
    command = install(tmp_path / "bin", first_line.format(python=sys.executable))
    for name in ("ast.py", "sitecustomize.py", "encodings/__init__.py"):
        for folder in (command.parent, tmp_path / "theirs", tmp_path / "here"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("raise SystemExit('not yours')\n")
    command.with_name("condavision-python").write_text(
        f"{first_line.format(python=sys.executable)}\nimport ast\n{TELL}"
    )
    theirs = {
        b"PYTHONPATH": os.fsencode(tmp_path / "theirs"),
        b"PYTHONHOME": b"/none",
        b"PYTHONWARNINGS": b"error",
        b"PYTHONINSPECT": b"1",
        b"PYTHONOPTIMIZE": b"2",
    }
    environ = {**os.environb, **theirs}
    options = {"env": environ, "cwd": tmp_path / "here", "stdin": subprocess.DEVNULL}
    _, arguments, received = told([shell, command, "-EP", "a b"], **options)
    assert arguments == [b"-EP", b"a b"]
    assert theirs.items() <= received.items()


@pytest.mark.parametrize(
    ("first_line", "said"),
    [
        ("#!/no/such python", "is gone: /no/such python"),
        ("#!python", "is only half there"),
        ("", "is only half there"),
        (None, "is only half there"),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_without_its_python_it_says_what_to_do(
    first_line: str | None, said: str, shell: str, tmp_path: Path
) -> None:
    command = install(tmp_path / "bin", first_line or "")
    if first_line is None:
        Path(f"{command}-python").unlink()
    (tmp_path / "python").symlink_to(sys.executable)  # a name without a folder is no Python
    ran = subprocess.run(
        [shell, command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert said in ran.stderr
    assert "hint: install it again" in ran.stderr
    assert len(ran.stderr.splitlines()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("system", ["posix", "windows"])
def test_each_system_has_its_wheel(system: str, tmp_path: Path) -> None:
    build = [uv.find_uv_bin(), "build", "--wheel", "-q", "-o", str(tmp_path), str(REPOSITORY)]
    environ = {**os.environ, "CONDAVISION_WHEEL": system}
    subprocess.run(build, env=environ, check=True)
    [path] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        names = {Path(name).name: name for name in wheel.namelist() if "/scripts/" in name}
        texts = {name: wheel.read(names[name]).decode() for name in names}
        entry_points = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
        has = [wheel.read(name).decode() for name in entry_points]
    if system == "windows":
        assert (path.name.split("-", 2)[2], texts) == ("py3-none-win32.win_amd64.win_arm64.whl", {})
        assert has == ["[console_scripts]\ncondavision = condavision.entry:main\n"]
    else:
        assert (path.name.split("-", 2)[2], has) == ("py3-none-any.whl", [])
        assert texts["condavision"].startswith("#!/bin/sh\n")
        assert texts["condavision-python"].startswith("#!python\n")
