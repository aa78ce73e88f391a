"""Private package indexes: who has the word gets in, to lock and to run, and nothing keeps it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.channels.server import Fault
from tests.command_line import InProcess
from tests.pages import in_sh, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import MakeProject
    from tests.compile_stage.wheels import WheelIndex


WORD = "sesame"
SCRIPT = """\
# /// script
# requires-python = "==3.12.*"
# dependencies = ["one"]
# ///
import one
print(one.version)
"""


@pytest.fixture
def private(
    make_project: MakeProject,
    index: WheelIndex,
    index_server: Channel,
    home: Path,
    interpreter: Callable[[Minor], Interpreter],
) -> CommandLine:
    """A project with a script that needs a wheel of an index for those who know the word."""
    index.add("one", "1.0")
    index_server.credentials = f"user:{WORD}"
    interpreter((3, 12))
    settings = 'channels = ["interpreters:"]\n'
    return InProcess(make_project({"condavision.toml": settings, "web.py": SCRIPT}))


@pytest.fixture
def keyring(index_server: Channel, tmp_path: Path, home: Path) -> dict[str, str]:
    """The variables of a keyring that has the word, and by which uv asks it."""
    program = shutil.which("keyring", path=Path(sys.executable).parent)
    if program is None:
        pytest.skip("keyring is not installed beside the tests")
    environ = {
        "PATH": f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring",
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "UV_KEYRING_PROVIDER": "subprocess",
        "UV_DEFAULT_INDEX": f"{index_server.http_url.replace('//', '//user@')}/simple",
    }
    host = index_server.http_url.removeprefix("http://")
    subprocess.run(
        [program, "set", host, "user"],
        input=WORD,
        text=True,
        check=True,
        env={**os.environ, **environ},
    )
    return environ


@pytest.fixture
def netrc(tmp_path: Path) -> dict[str, str]:
    """The variable that names a file with the word."""
    store = tmp_path / "netrc"
    store.write_text(f"machine 127.0.0.1 login user password {WORD}\n")
    store.chmod(0o600)
    return {"NETRC": str(store)}


@pytest.fixture
def in_the_url(index_server: Channel) -> dict[str, str]:
    """The name of the index in its URL and in uv's variables."""
    return {"UV_DEFAULT_INDEX": f"{index_server.http_url.replace('//', f'//user:{WORD}@')}/simple"}


@pytest.mark.slow
@pytest.mark.parametrize("store", ["keyring", "netrc", "in_the_url"])
def test_credentials_open_an_index_for_lock_and_run_and_are_written_nowhere(
    private: CommandLine, request: pytest.FixtureRequest, store: str, home: Path
) -> None:
    environ: dict[str, str] = request.getfixturevalue(store)
    locked = private("lock", "web.py", environ=environ).ok()
    shutil.rmtree(home / "uv")  # as on the machine of a colleague
    ran = private("run", "web.py", environ=environ).ok()
    assert ran.out == "1.0\n"
    vendored = private("vendor", private.folder / "vendored", "web.py", environ=environ).ok()
    assert list((private.folder / "vendored" / "wheels").glob("one-*.whl"))
    assert WORD not in locked.out + locked.err + ran.err + vendored.out + vendored.err
    written = [path for folder in (private.folder, home) for path in folder.rglob("*")]
    kept = [path for path in written if path.is_file() and WORD.encode() in path.read_bytes()]
    assert not kept


def test_the_variables_of_the_page(
    private: CommandLine, index: WheelIndex, index_server: Channel
) -> None:
    index.add("internal_tools", "1.0")
    index_server.credentials = "ada:secret"
    settings = shown("docs/howto/private.md", "internal_tools")
    with (private.folder / "condavision.toml").open("a") as file:
        file.write(settings)
    (private.folder / "report.py").write_text("import internal_tools\n")
    line = shown("docs/howto/private.md", "UV_INDEX")
    locked = in_sh(line.replace("https://pypi.example.org", index_server.http_url), private).ok()
    assert "internal-tools" in locked.out
    assert "secret" not in locked.out + locked.err


def test_an_index_that_lets_nobody_in_is_said_to(
    private: CommandLine, index_server: Channel
) -> None:
    refused = private("lock", "web.py")
    assert refused.code == 69
    assert f"the package index {index_server.http_url}/simple refuses access (401)" in refused.err
    assert "UV_KEYRING_PROVIDER" in refused.err


def test_an_index_that_is_too_slow_is_given_up(
    command: CommandLine, index_server: Channel, index: WheelIndex
) -> None:
    index.add("one", "1.0")
    index_server.fail("/simple", Fault.SLOW)
    (command.folder / "web.py").write_text(SCRIPT)
    refused = command("lock", "web.py", environ={"CONDAVISION_TIMEOUT": "1"})
    assert refused.code == 69, refused.err
    assert "the package index does not answer in time" in refused.err
    assert "CONDAVISION_TIMEOUT" in refused.err
