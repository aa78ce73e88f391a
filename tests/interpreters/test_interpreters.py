"""The embedded channel: interpreters are found, packed, and run from prefixes of their own."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
import uv
from rattler.index import index_fs
from rattler.package_streaming import extract

from condavision.errors import ChannelError, ForeignInterpreterError
from condavision.interpreters.channel import filename_of, local_channel, restore
from condavision.interpreters.discovery import discover, discover_all
from condavision.interpreters.package import package_of
from tests.channels.engine import PYTHON, run, solve, solve_and_install

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

MINORS: list[Minor] = [(2, 7), *((3, minor) for minor in range(6, 16))]
EVERY_MINOR = pytest.mark.parametrize("minor", MINORS, ids=lambda minor: f"{minor[0]}.{minor[1]}")
posix_only = pytest.mark.skipif(os.name == "nt", reason="shell scripts stand for interpreters")

FACTS = """
import json, os, site, sys, sysconfig
import ctypes, sqlite3, ssl, zlib
sqlite3.connect(":memory:").execute("select 1")
ssl.create_default_context()
json.dump({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "prefix": sys.prefix,
    "executable": sys.executable,
    "site-packages": sysconfig.get_path("purelib"),
    "path": sys.path,
    "os": os.path.realpath(os.__file__),
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, known_interpreters: Path) -> Path:
    folder = tmp_path_factory.mktemp("a cache, naïve ünd $HOME") / "interpreters"
    shutil.copytree(known_interpreters, folder)
    return folder


@pytest.fixture(scope="module")
def channel(cache: Path) -> Path:
    return local_channel(cache)


@pytest.fixture
def environment(
    channel: Path, cache: Path, tmp_path: Path, interpreter: Callable[[Minor], Interpreter]
) -> Callable[[Minor], tuple[Interpreter, Path]]:
    def make(minor: Minor) -> tuple[Interpreter, Path]:
        found = interpreter(minor)
        spec = f"python {found.version}.* {found.build}"
        prefix = tmp_path / "ein Präfix"
        return found, solve_and_install(channel.as_uri(), [spec], prefix, cache / "packages")

    return make


@EVERY_MINOR
def test_prefix_runs_with_its_own_site_packages(
    minor: Minor, environment: Callable[[Minor], tuple[Interpreter, Path]]
) -> None:
    found, prefix = environment(minor)
    facts = json.loads(run(prefix / PYTHON, "-s", "-c", FACTS, LANG="C.UTF-8"))
    assert found.version.startswith(facts["version"])
    assert Path(facts["prefix"]) == prefix
    assert Path(facts["executable"]).is_relative_to(prefix)
    site_packages = Path(facts["site-packages"])
    assert site_packages.is_relative_to(prefix)
    assert site_packages.is_dir()
    packages = [entry for entry in facts["path"] if entry.endswith("-packages")]
    assert packages == [str(site_packages)]
    assert Path(facts["os"]).is_relative_to(found.stdlib)


@EVERY_MINOR
def test_a_wheel_is_installed_into_the_prefix_alone(
    minor: Minor, environment: Callable[[Minor], tuple[Interpreter, Path]], tmp_path: Path
) -> None:
    if minor < (3, 6):
        pytest.skip("uv installs for 3.6 and newer")
    _, prefix = environment(minor)
    wheel = shutil.make_archive(str(tmp_path / "wheel"), "zip", _unpacked_wheel(tmp_path / "tree"))
    named = Path(wheel).rename(tmp_path / "brandnew-1.0-py3-none-any.whl")
    install = (uv.find_uv_bin(), "pip", "install", "--offline", "--python")
    subprocess.run([*install, str(prefix / PYTHON), str(named)], check=True, capture_output=True)
    printed = run(prefix / PYTHON, "-c", "import brandnew; print(brandnew.__file__)")
    assert Path(printed.strip()).is_relative_to(prefix)
    assert run(prefix / PYTHON, "-m", "brandnew").strip() == "ran"


def _unpacked_wheel(folder: Path) -> Path:
    info = folder / "brandnew-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "brandnew.py").write_text("print('ran') if __name__ == '__main__' else None\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brandnew\nVersion: 1.0\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "RECORD").write_text("brandnew.py,,\n")
    return folder


def test_python_2_writes_no_compiled_file_into_the_original(
    environment: Callable[[Minor], tuple[Interpreter, Path]],
) -> None:
    found, prefix = environment((2, 7))
    original = {path: path.stat().st_mtime_ns for path in found.stdlib.rglob("*")}
    run(prefix / PYTHON, "-c", "import xml.dom.minidom, json.tool, email.mime.text, wsgiref")
    assert {path: path.stat().st_mtime_ns for path in found.stdlib.rglob("*")} == original
    assert (prefix / "lib/python2.7/json/tool.pyc").is_file()
    assert (prefix / "lib/python2.7/os.pyc").is_file()


def test_virtual_environment_can_be_made_of_the_prefix(
    environment: Callable[[Minor], tuple[Interpreter, Path]], tmp_path: Path
) -> None:
    _, prefix = environment(sys.version_info[:2])
    run(prefix / PYTHON, "-m", "venv", "--without-pip", tmp_path / "venv")
    assert run(tmp_path / "venv" / PYTHON, "-c", "print('ran')").strip() == "ran"


def test_user_site_packages_stay_out_when_told(
    environment: Callable[[Minor], tuple[Interpreter, Path]], tmp_path: Path
) -> None:
    _, prefix = environment((2, 7))
    user = tmp_path / "user"
    script = "import site, sys; sys.stdout.write(site.getusersitepackages())"
    folder = Path(run(prefix / PYTHON, "-c", script, PYTHONUSERBASE=str(user)))
    folder.mkdir(parents=True)
    leaked = f"import sys; sys.stdout.write(str({str(folder)!r} in sys.path))"
    base = str(user)
    assert run(prefix / PYTHON, "-c", leaked, PYTHONUSERBASE=base) == "True"
    kept_out = run(prefix / PYTHON, "-c", leaked, PYTHONUSERBASE=base, PYTHONNOUSERSITE="1")
    assert kept_out == "False"


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache on a machine where nothing can be found but the interpreter that runs us."""
    nowhere = tmp_path / "nowhere"
    monkeypatch.setenv("PATH", "")
    for name in ("HOME", "USERPROFILE", "PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR"):
        monkeypatch.setenv(name, str(nowhere))
    for name in ("UV_PYTHON_INSTALL_DIR", "RYE_PY_ROOT", "XDG_DATA_HOME", "CONDA_EXE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


def test_the_running_interpreter_counts_where_no_path_leads_to_it(bare_machine: Path) -> None:
    (found,) = discover(bare_machine)
    assert found.prefix == Path(os.path.realpath(sys.base_prefix))
    assert found.version.startswith("{}.{}.{}".format(*sys.version_info))


def test_one_interpreter_for_each_version_and_newest_first(known_interpreters: Path) -> None:
    found = discover(known_interpreters)
    versions = [interpreter.version for interpreter in found]
    assert len(set(versions)) == len(versions)
    minors = [interpreter.minor for interpreter in found]
    assert minors == sorted(minors, reverse=True)
    assert sys.version_info[:2] in minors
    everything = discover_all(known_interpreters)
    assert set(found) <= set(everything)
    assert len({one.digest for one in everything}) == len(everything)


@posix_only
def test_user_without_a_home_finds_interpreters_too(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pwd

    def unknown(uid: int) -> None:
        raise KeyError(uid)  # as in a container started with any user id

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR"):
        monkeypatch.delenv(name)
    assert len(discover(bare_machine)) == 1


def test_what_was_seen_stays_known_with_a_shorter_path(
    known_interpreters: Path, bare_machine: Path
) -> None:
    known = (known_interpreters / "known.json").read_bytes()
    bare_machine.mkdir()
    (bare_machine / "known.json").write_bytes(known)
    assert discover(bare_machine) == discover(known_interpreters)
    assert (bare_machine / "known.json").read_bytes() == known


@posix_only
def test_wrappers_shims_virtual_environments_and_rubbish_on_path(
    bare_machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (running,) = discover(bare_machine)
    real = running.executable
    scripts = {
        "bin/python3.9": f'#!/bin/sh\nexec {real} "$@"\n',  # a wrapper
        "bin/python3": "#!/bin/sh\nexit 1\n",
        "bin/python3.7": "#!/bin/sh\necho Python 3.7\n",
        "bin/python3.5": "#!/bin/sh\necho '{\"version_info\": 3}'\n",
        "bin/python2": "",
        "bin/python": "\x00\x01",
        "shims/python3": f"#!/bin/sh\ntouch {tmp_path}/shim-was-started\n",
    }
    for name, text in scripts.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / "bin/python3.4").symlink_to("python3.4")
    subprocess.run([real, "-m", "venv", "--without-pip", "--copies", tmp_path / "v"], check=True)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{tmp_path}/shims:{tmp_path}/v/bin:relative")
    for _ in range(2):  # asked, then remembered
        assert discover_all(bare_machine) == (running,)
    assert not (tmp_path / "shim-was-started").exists()


@pytest.fixture
def second_interpreter(bare_machine: Path, tmp_path: Path) -> Path:
    """The executable of another installation: a copy of the binary beside the same library."""
    (running,) = discover(bare_machine)
    executable = tmp_path / "versions" / "mine" / "bin" / "python3"
    executable.parent.mkdir(parents=True)
    shutil.copy2(running.executable, executable)
    (executable.parent.parent / "lib").symlink_to(running.prefix / "lib")
    return executable


@posix_only
def test_versions_behind_shims_are_found(
    bare_machine: Path, second_interpreter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shims").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    found = [one.executable for one in discover_all(bare_machine)]
    assert second_interpreter in found
    assert len(found) == 2
    assert len(discover(bare_machine)) == 1  # both are of one version


@posix_only
def test_environments_listed_by_conda_are_found(
    bare_machine: Path, second_interpreter: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    prefix = second_interpreter.parent.parent
    (second_interpreter.parent / "python").symlink_to("python3")
    (prefix / "conda-meta").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda" / "environments.txt").write_text(f"/gone\n{prefix}\n")
    preferred, other = discover_all(bare_machine)
    assert other.executable == second_interpreter  # an environment comes after an installation
    assert preferred.version == other.version
    (prefix / "conda-meta" / f"python-3-{other.build}.json").write_text("{}")
    assert discover_all(bare_machine) == (preferred,)  # one of ours is no installation


def test_damaged_memory_is_made_anew(bare_machine: Path) -> None:
    expected = discover(bare_machine)
    memory = bare_machine / "known.json"
    for damage in (b"", b"{", b"[]", b'{"format": 1, "interpreters": {"/x": {}}}', b"\xff\xfe"):
        memory.write_bytes(damage)
        assert discover(bare_machine) == expected


def test_same_interpreter_same_bytes(
    interpreter: Callable[[Minor], Interpreter],
) -> None:
    found = interpreter(sys.version_info[:2])
    assert package_of(found) == package_of(found)


@pytest.mark.parametrize("changes", [{"special": True}, {"version": "3.99.0a1"}], ids=str)
def test_solver_prefers_ordinary_releases(
    changes: dict[str, Any], interpreter: Callable[[Minor], Interpreter], tmp_path: Path
) -> None:
    ordinary = interpreter(sys.version_info[:2])
    newer = dataclasses.replace(ordinary, **{"version": "3.99.0", "digest": "0" * 64, **changes})
    (tmp_path / "noarch").mkdir()
    (tmp_path / ordinary.subdir).mkdir()
    for one in (ordinary, newer):
        (tmp_path / one.subdir / filename_of(one)).write_bytes(package_of(one))
    asyncio.run(index_fs(tmp_path))
    assert str(solve(tmp_path.as_uri(), ["python"])[0].version) == ordinary.version
    assert str(solve(tmp_path.as_uri(), ["python >=3.90.0a0"])[0].version) == newer.version


@posix_only
def test_system_python_keeps_its_own_packages_out(
    channel: Path, cache: Path, tmp_path: Path
) -> None:
    """Debian's Python has a ``dist-packages`` folder and install schemes of its own."""
    system = [one for one in discover_all(cache) if one.prefix == Path("/usr")]
    if not system:
        pytest.skip("no Python below /usr on this machine")
    path = channel / system[0].subdir / filename_of(system[0])
    restore(cache, path.as_uri(), hashlib.sha256(package_of(system[0])).hexdigest())
    spec = f"python {system[0].version}.* {system[0].build}"
    prefix = solve_and_install(channel.as_uri(), [spec], tmp_path / "prefix", cache / "packages")
    facts = json.loads(run(prefix / PYTHON, "-s", "-c", FACTS))
    packages = [entry for entry in facts["path"] if entry.endswith("-packages")]
    assert packages == [facts["site-packages"]]
    assert Path(facts["site-packages"]).is_relative_to(prefix)


def test_fresh_channel_is_left_alone(channel: Path, cache: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in channel.rglob("*")}
    assert local_channel(cache) == channel
    assert {path: path.stat().st_mtime_ns for path in channel.rglob("*")} == before


def test_index_lists_what_is_there(channel: Path, cache: Path) -> None:
    found = discover(cache)
    (subdir,) = {one.subdir for one in found}
    index = json.loads((channel / subdir / "repodata.json").read_text())["packages.conda"]
    assert set(index) == {filename_of(one) for one in found}
    for name, record in index.items():
        content = (channel / subdir / name).read_bytes()
        assert record["sha256"] == hashlib.sha256(content).hexdigest()
        assert record["md5"] == hashlib.md5(content).hexdigest()
        assert record["depends"] == []
    assert not list(channel.glob(".staging-*"))


@posix_only
def test_interpreter_that_is_gone_leaves_channel(
    bare_machine: Path, second_interpreter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(second_interpreter.parent))
    (extra,) = (one for one in discover_all(bare_machine) if one.executable == second_interpreter)
    channel = local_channel(bare_machine)
    path = channel / extra.subdir / filename_of(extra)
    package = package_of(extra)
    sha256 = hashlib.sha256(package).hexdigest()
    restore(bare_machine, path.as_uri(), sha256)
    assert path.read_bytes() == package
    shutil.rmtree(second_interpreter.parent.parent)
    with pytest.raises(ForeignInterpreterError):
        restore(bare_machine, path.as_uri(), sha256)
    (channel / extra.subdir / "repodata.json").unlink()
    local_channel(bare_machine)
    assert not path.exists()


@pytest.mark.parametrize("damage", ["package", "size", "index", "noarch", "staging"])
def test_damaged_channel_is_made_anew(bare_machine: Path, damage: str) -> None:
    channel = local_channel(bare_machine)
    (package,) = channel.glob("*/*.conda")
    content = package.read_bytes()
    if damage == "package":
        package.unlink()
    elif damage == "size":
        package.write_bytes(content[:100])
    elif damage == "staging":  # as left by a killed run
        (channel / ".staging-killed" / "noarch").mkdir(parents=True)
        (package.parent / "repodata.json").unlink()
    else:
        folder = package.parent if damage == "index" else channel / "noarch"
        (folder / "repodata.json").write_text('{"packages.conda": []}')
        (channel / "noarch" / "repodata.json").unlink()
    assert local_channel(bare_machine) == channel
    assert package.read_bytes() == content
    assert len(solve(channel.as_uri(), ["python"])) == 1
    assert not list(channel.glob(".staging-*"))


def test_windows_gets_a_copy_in_the_layout_of_its_conda(
    interpreter: Callable[[Minor], Interpreter], tmp_path: Path
) -> None:
    kept = [
        *("python.exe", "pythonw.exe", "python312.dll", "vcruntime140.dll", "DLLs/_ssl.pyd"),
        *("Lib/os.py", "Lib/json/tool.py", "include/Python.h", "libs/python312.lib"),
    ]
    left = ["NEWS.txt", "Lib/site-packages/six.py", "Lib/test/x.py", "Scripts/pip.exe"]
    for name in [*kept, *left, "Lib/__pycache__/os.cpython-312.pyc"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    windows = dataclasses.replace(
        interpreter(sys.version_info[:2]),
        executable=tmp_path / "python.exe",
        prefix=tmp_path,
        stdlib=tmp_path / "Lib",
        library=None,
        subdir="win-64",
    )
    archive = tmp_path / filename_of(windows)
    archive.write_bytes(package_of(windows))
    extract(archive, tmp_path / "extracted")
    paths = json.loads((tmp_path / "extracted/info/paths.json").read_text())["paths"]
    assert {path["path_type"] for path in paths} == {"hardlink"}
    assert {path["_path"] for path in paths} == {*kept, "Lib/site-packages/README.txt"}


@pytest.mark.parametrize("damage", [None, b"", b"something else"])
def test_locked_package_is_restored(bare_machine: Path, damage: bytes | None) -> None:
    record = solve(local_channel(bare_machine).as_uri(), ["python"])[0]
    assert record.sha256 is not None
    path = Path(url2pathname(urlsplit(record.url).path))
    content = path.read_bytes()
    if damage is None:
        shutil.rmtree(path.parent.parent)
    else:
        path.write_bytes(damage)
    restore(bare_machine, record.url, record.sha256.hex())
    assert path.read_bytes() == content


def test_a_python_of_another_home_is_found_by_its_package(
    bare_machine: Path, interpreter: Callable[[Minor], Interpreter], tmp_path: Path
) -> None:
    """As for a service or cron, whose PATH and home do not lead to it."""
    other = interpreter((3, 12))
    path = tmp_path / "other home" / other.subdir / filename_of(other)
    path.parent.mkdir(parents=True)
    path.write_bytes(package_of(other))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    restore(bare_machine, path.as_uri(), sha256)
    path.write_bytes(b"")
    bare_machine.joinpath("known.json").unlink()
    with pytest.raises(ForeignInterpreterError, match=r"nor among the Pythons of .*nowhere"):
        restore(bare_machine, path.as_uri(), sha256)


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("python-3.11.99-interpreter_0123456789abcdef_cpython.conda", "00" * 32),
        (None, "00" * 32),
    ],
    ids=["unknown interpreter", "changed interpreter"],
)
def test_package_of_another_machine_is_refused(
    bare_machine: Path, name: str | None, sha256: str
) -> None:
    channel = local_channel(bare_machine)
    found = discover(bare_machine)[0]
    path = channel / found.subdir / (name or filename_of(found))
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(ForeignInterpreterError, match="another machine") as caught:
        restore(bare_machine, path.as_uri(), sha256)
    assert any("condavision lock" in hint for hint in caught.value.hints)
    assert (path.read_bytes() if path.exists() else None) == before


def test_channel_that_cannot_be_written_is_one_sentence(bare_machine: Path) -> None:
    bare_machine.write_text("a file where the folder should be")
    with pytest.raises(ChannelError, match="cannot be kept in"):
        local_channel(bare_machine)


def test_many_processes_make_one_channel(bare_machine: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from condavision.interpreters.channel import local_channel\n"
        "print((local_channel(Path(sys.argv[1])) / 'noarch/repodata.json').stat().st_ino)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, bare_machine],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    outcomes = [(process.communicate(timeout=600), process.returncode) for process in started]
    assert [code for _, code in outcomes] == [0, 0, 0, 0], outcomes
    assert len({printed for (printed, _), _ in outcomes}) == 1  # made once
