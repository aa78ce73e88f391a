"""The Dockerfiles of the pages and of `export`, built and run as their pages say."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import uv

from tests.command_line import InProcess
from tests.pages import REPOSITORY, files, in_sh, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from condavision.core.pythons import Minor
    from tests.channels.server import Channel

    MakeProject = Callable[[Mapping[str, str]], Path]
    Docker = Callable[[Minor], None]

EXPORTED = shown("docs/howto/docker.md", "condavision export")
STARTED = shown("docs/howto/docker.md", "docker run")
PINNED = shown("docs/howto/docker.md", "--find-links /tmp").splitlines()
SERVED = shown("docs/howto/serve.md", "FROM python").splitlines()
IGNORED = shown("docs/howto/serve.md", ".venv\n")
BUILT, _, SERVING = shown("docs/howto/serve.md", "docker build").partition("\n")
WHEEL = shown("docs/howto/serve.md", ".whl[serve]").splitlines()
MICROMAMBA = shown("docs/howto/docker.md", "micromamba")

REPORT = "import six, sys\nprint(six.__name__, sys.argv[1:])\n"
CLIENT = """\
import json, re, subprocess, sys, urllib.request
server = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True)
try:
    said = server.stderr.readline()
    assert "serving on" in said, said
    (port,) = re.findall(r"http://0.0.0.0:([0-9]+)", said)
    url = f"http://127.0.0.1:{port}/scripts"
    headers = {"Authorization": "Bearer " + open("/run/secrets/token").read().strip()}
    for name, asked in ("report.py", {"month": 5, "stdin": "40\\n2\\n"}), ("old.py", {}):
        data = json.dumps(asked).encode()
        request = urllib.request.Request(f"{url}/{name}/runs", data, headers)
        print(json.load(urllib.request.urlopen(request))["stdout"], end="")
finally:
    server.terminate()
print(server.wait(), len(open("/srv/reports/condavision.toml").readlines()))
"""


def _wheel(folder: Path) -> None:
    words = [uv.find_uv_bin(), "build", "--wheel", "-q", "-o", str(folder), str(REPOSITORY)]
    subprocess.run(words, check=True)


@pytest.mark.slow  # images are built, with all that condavision depends on
def test_an_image_of_a_script(
    make_project: MakeProject, channel: Channel, home: Path, docker: Docker
) -> None:
    settings = f'channels = ["{channel.http_url}"]\n'
    command = InProcess(make_project({"condavision.toml": settings, "report.py": REPORT}))
    docker((3, 12))
    in_sh(EXPORTED, command).ok()
    dockerfile = command.folder / "Dockerfile"
    text = dockerfile.read_text()
    line = "".join(re.findall(r"^#   (.*\n)", text, re.MULTILINE))
    build = line.replace("DOCKERFILE", "Dockerfile").replace("NAME", "report")
    _wheel(command.folder)
    for changed in PINNED:
        (found,) = re.findall(f"^{changed.split()[0]} .*condavision.txt.*$", text, re.MULTILINE)
        text = text.replace(found, changed)
    dockerfile.write_text(text)
    in_sh(build.replace("pip compile", "pip compile --find-links ."), command).ok()
    assert in_sh(STARTED, command).ok().out == "six ['--month', '5']\n"
    asked = len(channel.requested)
    (command.folder / "report.py").write_text(f"{REPORT}print('edited')\n")
    in_sh(build.splitlines()[-1], command).ok()
    assert in_sh(STARTED, command).ok().out == "six ['--month', '5']\nedited\n"
    assert len(channel.requested) == asked


@pytest.mark.slow  # the same
def test_an_image_of_a_server(
    make_project: MakeProject, channel: Channel, home: Path, tmp_path: Path, docker: Docker
) -> None:
    settings = f'channels = ["{channel.http_url}"]\n'
    written = files("docs/howto/serve.md") | {"condavision.toml": settings}
    text = "\n".join([SERVED[0], *WHEEL, *SERVED[2:]])
    dockerfile = {"Dockerfile": text, ".dockerignore": IGNORED, "token": "0123456789" * 4}
    command = InProcess(make_project(written | dockerfile))
    (command.folder / "token").chmod(0o600)
    docker((3, 13))
    command("lock", "--platform", "linux-64", "scripts/").ok()
    _wheel(command.folder)
    in_sh(BUILT, command).ok()
    (tmp_path / "runs").mkdir()
    line = SERVING.replace("runs:", f"{tmp_path / 'runs'}:").rstrip()
    start = json.loads(SERVED[-1].removeprefix("CMD "))
    words = ["python", "-c", CLIENT, *start, "--port", "0"]
    done = command.process(["sh", "-c", f'{line} "$@"', "sh", *words]).ok()
    assert done.out == "month 5: 42 EUR\nPython 2\n0 1\n"
    assert (tmp_path / "runs" / "runs.sqlite").is_file()
    kept = command.process(["sh", "-c", "docker run --rm reports ls -a /srv/reports"]).ok()
    assert {"scripts", "locks"} <= set(kept.out.split())
    assert not {"token", "Dockerfile"} & set(kept.out.split())


@pytest.mark.slow
def test_an_image_of_micromamba_copies_what_there_is(
    make_project: MakeProject, channel: Channel, home: Path
) -> None:
    """The base image is on Docker Hub alone; tests/interop/test_conda_lock.py reads such locks."""
    settings = f'channels = ["{channel.http_url}"]\n'
    command = InProcess(make_project({"condavision.toml": settings, "report.py": REPORT}))
    (locked,) = command("lock", "report.py", "--json").ok().json()
    text = re.sub("[0-9a-f]{16}", locked["hash"], MICROMAMBA)
    copied = [line.split()[1] for line in text.splitlines() if line.startswith("COPY ")]
    assert len(copied) == 2
    assert all((command.folder / name).is_file() for name in copied)
