"""Environments of Python 2.7 with packages from an index: the locked files, and nothing outside."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.environment import Environment
from condavision.environments.python2_install import install_for_python2, unpack
from condavision.errors import InstallError
from condavision.system.progress import Progress
from tests.command_line import InProcess
from tests.compile_stage.conftest import index, index_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel
    from tests.compile_stage.wheels import WheelIndex

__all__ = ["index", "index_server"]

BOTH = "py2.py3-none-any"
SETUP = "from setuptools import setup\nsetup(name='source', version='1.0', py_modules=['source'])\n"
SCRIPT = """\
# /// script
# dependencies = ["one", "source"]
# ///
import one, source
print one.version, source.version
"""
PYTHON = LockedPackage(Manager.CONDA, "python", "2.7.18", current_subdir(), "", "0" * 64)


COMPILING = """\
import sys
if "bdist_wheel" in sys.argv:
    print("source.c:1:10: fatal error: my_config.h: No such file or directory")
    sys.exit("error: command 'gcc' failed with exit status 1")
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Environment:
    """The folder of an environment, without a Python."""
    made = Environment(tmp_path / "home" / "envs" / "key", "key", "linux-64")
    made.prefix.mkdir(parents=True)
    return made


def wheel(folder: Path, files: Mapping[str, str], name: str = "one") -> tuple[LockedPackage, Path]:
    """A wheel with these files beside its metadata."""
    path = folder / f"{name}-1.0-{BOTH}.whl"
    info = f"{name}-1.0.dist-info"
    own = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n",
        f"{info}/RECORD": f"{name}.py,SHA256=wrong,many\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**own, **files}.items():
            archive.writestr(file, text)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return LockedPackage(Manager.PYPI, name, "1.0", "linux-64", path.as_uri(), digest), path


@pytest.mark.slow
def test_a_script_of_python2_with_a_wheel_and_a_source_distribution(
    make_project: Callable[[Mapping[str, str]], Path],
    python2: Interpreter,
    index: WheelIndex,
    index_server: Channel,
    home: Path,
) -> None:
    tool = "[console_scripts]\none-tool = one:__name__.upper\n"
    index.add("one", "1.0", tag=BOTH, files={"one-1.0.dist-info/entry_points.txt": tool})
    index.add_sdist("source", "1.0", SETUP)
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": SCRIPT}
    command = InProcess(make_project(files))
    command("lock", "s.py", "--allow-sdist").ok()
    index_server.credentials = "nobody:"  # what was read while solving is not fetched again
    assert command("run", "s.py").ok().out == "1.0 1.0\n"
    folder = Path(command("path", "s.py").ok().out.strip())
    packages = folder / "lib" / "python2.7" / "site-packages"
    assert (packages / "one.pyc").is_file()
    assert (packages / "one-1.0.dist-info" / "INSTALLER").read_text() == "condavision\n"
    assert subprocess.check_output([folder / "bin" / "one-tool"], stderr=subprocess.STDOUT) == b""
    found = command("doctor", "--offline", "--json").json()
    assert [it for it in found if it["what"] == folder.name] == []
    (packages / "one.py").write_text("version = 'altered'\n")
    found = command("doctor", "--offline", "--json").json()
    assert (
        "one.py missing or altered"
        in next(it for it in found if it["what"] == folder.name)["found"]
    )
    assert "source distributions" in command("check", "s.py").ok().out
    assert "one==1.0" in command("export", "s.py", "--format", "requirements").ok().out


@pytest.mark.slow
def test_what_cannot_be_built_is_said_with_the_first_error_of_the_compiler(
    make_project: Callable[[Mapping[str, str]], Path],
    index: WheelIndex,
    home: Path,
    python2: Interpreter,
) -> None:
    settings = 'channels = ["interpreters:"]\n[imports]\nsource = "pypi:source"\n'
    files = {"condavision.toml": settings, "s.py": "import source\nprint 1\n"}
    command = InProcess(make_project(files))
    index.add_sdist("source", "1.0", COMPILING + SETUP)
    command("lock", "s.py", "--allow-sdist").ok()
    said = command("install", "s.py").err
    assert "could not be built for Python 2.7: source.c:1:10: fatal error: my_config.h: No" in said


@pytest.mark.parametrize(
    "name",
    [
        "../../../../../out.py",
        "one-1.0.data/data/../../out.py",
        "one-1.0.data/scripts/../../../out",
    ],
)
def test_no_file_of_a_wheel_is_written_outside_of_the_prefix(
    prefix: Environment, tmp_path: Path, name: str
) -> None:
    package, path = wheel(tmp_path, {name: ""})
    with pytest.raises(InstallError, match="outside"):
        unpack(package, path, prefix)
    assert not list(tmp_path.rglob("out*"))


def test_links_of_other_packages_lead_nowhere(prefix: Environment, tmp_path: Path) -> None:
    site_packages = prefix.prefix / "lib" / "python2.7" / "site-packages"
    (tmp_path / "outside").mkdir()
    site_packages.mkdir(parents=True)
    (site_packages / "linked").symlink_to(tmp_path / "outside")
    package, path = wheel(tmp_path, {"linked/out.py": ""})
    with pytest.raises(InstallError, match="outside"):
        unpack(package, path, prefix)
    assert not list((tmp_path / "outside").iterdir())
    cached = tmp_path / "cached.py"
    cached.write_text("of a conda package")
    os.link(cached, site_packages / "shared.py")
    unpack(*wheel(tmp_path, {"shared.py": "of a wheel"}, "two"), prefix)
    assert (site_packages / "shared.py").read_text() == "of a wheel"
    assert cached.read_text() == "of a conda package"


def test_headers_are_not_written_through_the_link_to_those_of_python(
    prefix: Environment, tmp_path: Path
) -> None:
    (tmp_path / "python2.7").mkdir()
    (prefix.prefix / "include").mkdir(parents=True)
    (prefix.prefix / "include" / "python2.7").symlink_to(tmp_path / "python2.7")
    unpack(*wheel(tmp_path, {"one.py": "", "one-1.0.data/headers/one.h": ""}), prefix)
    assert not list((tmp_path / "python2.7").iterdir())
    assert [it.name for it in (prefix.prefix / "include" / "site").rglob("*.h")] == ["one.h"]


def test_modes_obey_the_umask(prefix: Environment, tmp_path: Path) -> None:
    package, path = wheel(tmp_path, {"one.py": "", "one-1.0.data/scripts/tool": "#!python\n"})
    before = os.umask(0o077)
    try:
        unpack(package, path, prefix)
    finally:
        os.umask(before)
    made = [it for it in prefix.prefix.rglob("*") if it.is_file()]
    assert {it.stat().st_mode & 0o077 for it in made} == {0}
    tool = prefix.prefix / "bin" / "tool"
    assert tool.read_text() == f"#!{prefix.python}\n"
    assert os.access(tool, os.X_OK)


@pytest.mark.slow
def test_only_the_locked_file_is_installed(
    prefix: Environment, tmp_path: Path, index_server: Channel, clean_environment: None
) -> None:
    package, path = wheel(index_server.path, {"one.py": ""})
    remote = replace(package, url=f"{index_server.http_url}/{path.name}")

    def install(one: LockedPackage, *, allow_sdist: bool = False) -> None:
        install_for_python2([one], prefix, PYTHON, Progress(), allow_sdist=allow_sdist)

    with pytest.raises(InstallError, match="not the file that was locked"):
        install(replace(remote, sha256="0" * 64))
    with pytest.raises(InstallError, match="no longer there"):
        install(replace(remote, url=f"{remote.url}.gone.whl"))
    with pytest.raises(InstallError, match="source distribution"):
        install(replace(remote, url=f"{index_server.http_url}/one-1.0.tar.gz"))
    assert not list(prefix.prefix.iterdir())
    install(remote)
    index_server.close()
    install(remote)
    [kept] = (tmp_path / "home" / "python2" / "files").rglob("*.whl")
    kept.write_bytes(b"altered")
    with pytest.raises(InstallError, match="could not be downloaded"):
        install(remote)


def test_what_is_no_wheel_is_said_to_be_none(prefix: Environment, tmp_path: Path) -> None:
    path = tmp_path / f"one-1.0-{BOTH}.whl"
    path.write_bytes(b"no zip")
    package = LockedPackage(Manager.PYPI, "one", "1.0", "linux-64", path.as_uri(), "0" * 64)
    with pytest.raises(InstallError, match="not a proper wheel"):
        unpack(package, path, prefix)
