"""Locks whose imports are followed into the packages: what that shows decides, and is committed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from condavision.artefacts.wheel import LARGEST_FILE
from condavision.interpreters.conda_package import PackageFile
from tests.compile_stage.conftest import learned, package, versions

if TYPE_CHECKING:
    from tests.channels.server import Channel
    from tests.command_line import CommandLine, Finished
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex


@pytest.fixture(autouse=True)
def ranges(index_server: Channel) -> None:
    index_server.ranges = True


def lock(command: CommandLine, text: str, *options: str) -> Finished:
    (command.folder / "s.py").write_text(text)
    return command("lock", "s.py", "--json", "-q", "--prove", *options)


def proof(finished: Finished) -> str:
    (lock,) = finished.ok().json()
    document = yaml.safe_load(Path(lock["lock"]).read_text())
    record = document["metadata"]["custom_metadata"]
    return str(record.get("proof", record.get("unproved", "")))


PYDUB = "try:\n    import audioop\nexcept ImportError:\n    import pyaudioop as audioop\n"

NEEDED: list[tuple[str, dict[str, dict[str, str]], str, str, str]] = [
    # the script, the files of each distribution, a requirement, what is locked for it, the lesson
    (
        "import toolz",
        {"toolz": {"toolz/__init__.py": "from . import a", "toolz/a.py": "import click"},
         "click": {}},
        *("click", "1.0", "toolz -> click"),
    ),
    (
        "import toolz.sandbox",
        {"toolz": {"toolz/__init__.py": "", "toolz/sandbox.py": "import click"}, "click": {}},
        *("click", "1.0", "toolz.sandbox -> click"),
    ),
    (
        "from toolz import sandbox",
        {"toolz": {"toolz/__init__.py": "", "toolz/sandbox.py": "import click"}, "click": {}},
        *("click", "1.0", "toolz.sandbox -> click"),
    ),
    (  # what is needed may need something too
        "import toolz",
        {"toolz": {"toolz/__init__.py": "import click"},
         "click": {"click/__init__.py": "import rich"}, "rich": {}},
        *("rich", "1.0", "click -> rich"),
    ),
    (
        "import sys\nassert sys.version_info >= (3, 13)\nimport toolz",
        {"toolz": {"toolz/__init__.py": PYDUB}, "audioop_lts": {}},
        *("audioop-lts", "1.0", "toolz -> audioop"),
    ),
    (
        "import toolz",
        {"toolz": {"toolz/__init__.py": "import imp"}},
        *("python", "3.11", "toolz -> python"),
    ),
    (
        "import toolz",
        {"toolz": {"toolz/__init__.py": "from collections import Mapping"}},
        *("python", "3.9", "toolz -> python"),
    ),
    (  # what a library loads of itself
        "from django.contrib import admin",
        {"django": {"django/__init__.py": "", "django/contrib/admin/__init__.py": "",
                    "django/contrib/auth/models.py": "from collections import Mapping"}},
        *("python", "3.9", "django.contrib.auth.models -> python"),
    ),
    (
        "import toolz",
        {"toolz": {"toolz/__init__.py": "import click"},
         "click": {"click/__init__.py": "import asyncore"}},
        *("python", "3.11", "click -> python"),
    ),
    (  # the Python that the script needs has no such module, but a package
        "import sys\nassert sys.version_info >= (3, 13)\nimport toolz",
        {"toolz": {"toolz/__init__.py": "import asyncore"}, "pyasyncore": {}},
        *("pyasyncore", "1.0", "toolz -> asyncore"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "files", "name", "version", "key"), NEEDED)
def test_what_a_library_needs_and_does_not_say(
    text: str,
    files: dict[str, dict[str, str]],
    name: str,
    version: str,
    key: str,
    local: CommandLine,
    index: WheelIndex,
) -> None:
    for distribution, texts in files.items():
        index.add(distribution, "1.0", files=texts)
    found = lock(local, f"{text}\n")
    assert proof(found) == "imports"
    assert f"{versions(found)[name]}.".startswith(f"{version}.")
    assert key in learned(local)


@pytest.mark.slow
def test_a_library_for_older_releases_of_another(local: CommandLine, index: WheelIndex) -> None:
    index.add("flask_uploads", "0.2", "werkzeug", files={
        "flask_uploads/__init__.py": "from werkzeug import secure_filename\n"})  # fmt: skip
    index.add("werkzeug", "0.16", files={"werkzeug/__init__.py": "def secure_filename(): 1\n"})
    index.add("werkzeug", "1.0", files={"werkzeug/__init__.py": "def run_simple(): 1\n"})
    found = lock(local, "import flask_uploads\n")
    assert versions(found)["werkzeug"] == "0.16"
    assert {*learned(local)} == {
        "flask_uploads -> werkzeug:secure_filename",
        "werkzeug.secure_filename",
    }


@pytest.mark.parametrize(
    ("date", "tag", "requires", "numpy"),
    [
        ("2023-05-01", "cp36-abi3-manylinux_2_17_x86_64", "numpy>=1.20", "1.26"),
        ("2024-06-16", "cp36-abi3-manylinux_2_17_x86_64", "numpy>=1.20", "2.0"),
        ("2020-02-02", "cp36-abi3-manylinux_2_17_x86_64", "numpy>=1.20", "2.0"),
        ("2023-05-01", "py3-none-manylinux_2_17_x86_64", "numpy>=1.20", "2.0"),
        ("2023-05-01", "cp36-abi3-manylinux_2_17_x86_64", "numpy; extra == 'a'", "2.0"),
    ],
    ids=["for numpy 1", "for both", "no real date", "not compiled for python", "no need"],
)
def test_what_was_compiled_for_numpy_1(
    date: str, tag: str, requires: str, numpy: str, local: CommandLine, index: WheelIndex
) -> None:
    index.add("numpy", "1.26", files={
        "numpy/__init__.py": "", "numpy/core/_multiarray_umath.abi3.so": ""})  # fmt: skip
    stub = {"numpy/core/_multiarray_umath.py": "def __getattr__(name): 1\n"}
    index.add("numpy", "2.0", files={"numpy/__init__.py": "", **stub})
    index.add("toolz", "1.0", requires, tag=tag, date=date, files={
        "toolz/__init__.py": "from .fast import f\n", "toolz/fast.abi3.so": ""})  # fmt: skip
    found = lock(local, "import numpy, toolz\n")
    assert proof(found) == "imports"
    assert versions(found)["numpy"] == numpy


def test_the_hash_comes_from_committed_files(
    local: CommandLine, index: WheelIndex, index_server: Channel, home: Path
) -> None:
    index.add("toolz", "1.0", files={"toolz/__init__.py": "import click"})
    index.add("click", "1.0")
    first = lock(local, "import toolz\n")
    (line,) = [
        it
        for it in local("explain", "s.py", "--json").ok().json()["imports"]
        if it["name"] == "click"
    ]
    assert (line["file"], line["line"]) == ("toolz/__init__.py", 1)
    assert line["why"].startswith("toolz needs it; ")
    index_server.requested.clear()
    shutil.rmtree(home / "evidence")
    again = lock(local, "import toolz\n")
    assert again.ok().json()[0]["status"] == "reused"
    assert again.json()[0]["hash"] == first.json()[0]["hash"]
    assert local("check", "s.py", "--json").ok().json()[0]["state"] == "ok"
    assert index_server.requested == []


def test_a_second_proof_reads_nothing(
    local: CommandLine, index: WheelIndex, index_server: Channel
) -> None:
    index.add("toolz", "1.0", files={"toolz/__init__.py": "from . import a", "toolz/a.py": "1"})
    lock(local, "import toolz\n").ok()
    index_server.requested.clear()
    assert proof(lock(local, "import toolz\n", "--upgrade")) == "imports"
    assert not [it for it in index_server.requested if it.endswith(".whl")]


def test_a_lock_that_exists_is_proved_further(local: CommandLine, index: WheelIndex) -> None:
    index.add("toolz", "1.0")
    (local.folder / "s.py").write_text("import toolz\n")
    plain = local("lock", "s.py", "--json", "-q").ok()
    before = Path(plain.json()[0]["lock"]).read_bytes()
    assert proof(plain) == ""
    assert proof(lock(local, "import toolz\n")) == "imports"
    assert proof(local("lock", "s.py", "--json", "-q")) == "imports", "it stays so"
    assert proof(local("lock", "s.py", "--json", "-q", "--upgrade")) == ""
    assert Path(plain.json()[0]["lock"]).read_bytes() == before


def test_the_setting_is_the_option(local: CommandLine, index: WheelIndex) -> None:
    index.add("toolz", "1.0")
    with (local.folder / "condavision.toml").open("a") as config:
        config.write("prove = true\n")
    (local.folder / "s.py").write_text("import toolz\n")
    assert proof(local("lock", "s.py", "--json", "-q")) == "imports"


REFUSED = [
    (
        "import nosuchmodule",
        "toolz/__init__.py:1: no known package for `import nosuchmodule`",
    ),
    (
        "import imp",
        "`import toolz` fails at toolz/__init__.py:1 (toolz 1.0): standard library module imp",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_cannot_be_met_is_an_error(
    text: str, message: str, local: CommandLine, index: WheelIndex
) -> None:
    index.add("toolz", "1.0", files={"toolz/__init__.py": text})
    refused = lock(local, "import sys\nassert sys.version_info >= (3, 13)\nimport toolz\n")
    assert refused.code == 66
    assert message in refused.err
    assert not [*(local.folder / "locks").rglob("*.yml")]


def test_an_override_overrules_it(local: CommandLine, index: WheelIndex) -> None:
    index.add("toolz", "1.0", files={"toolz/__init__.py": "import nosuchmodule"})
    with (local.folder / "condavision.toml").open("a") as config:
        config.write('imports = { nosuchmodule = "" }\n')
    assert proof(lock(local, "import toolz\n")) == "imports"


def test_an_old_name_that_a_new_extension_stands_for_is_not_proved(
    local: CommandLine, index: WheelIndex
) -> None:
    for name in ("flask", "flask_wtf"):
        index.add(name, "1.0", files={f"{name}/__init__.py": ""})
    assert proof(lock(local, "from flaskext.wtf import Form")) == "flaskext.wtf=absent"


def test_a_source_distribution_is_not_followed(local: CommandLine, index: WheelIndex) -> None:
    index.add_sdist("click", "8.0")
    assert proof(lock(local, "import click\n", "--allow-sdist")) == "click=source"


@pytest.mark.parametrize("reason", ["source", "too-large", "damaged"])
def test_a_dependency_that_cannot_be_read_proves_nothing(
    reason: str, local: CommandLine, index: WheelIndex
) -> None:
    index.add("toolz", "1.0", "click", files={"toolz/__init__.py": "import click"})
    large = "#" * (LARGEST_FILE + 1)
    index.add("click", "1.0", files={"click/__init__.py": large if reason == "too-large" else ""})
    wheel = index.folder / "files" / "click-1.0-py3-none-any.whl"
    match reason:
        case "source":
            index.files.clear()
            index.add_sdist("click", "1.0")
        case "damaged":
            wheel.write_bytes(wheel.read_bytes().replace(b"version", b"lesions"))
    found = lock(local, "import toolz\n", *(["--allow-sdist"] if reason == "source" else []))
    assert proof(found) == f"toolz={reason}"


def test_install_says_once_what_will_fail(local: CommandLine, index: WheelIndex) -> None:
    modules = {"toolz/a.py": "import click", "toolz/b.py": "import click"}
    index.add("toolz", "1.0", files={"toolz/__init__.py": "from . import a, b", **modules})
    index.add("click", "1.0")
    (local.folder / "s.py").write_text("import toolz\n")
    local("lock", "s.py", "-q").ok()
    said = local("install", "s.py", "-q").ok().err
    assert said == (
        "caution: s.py:1: `import toolz` fails at toolz/a.py:1 (toolz 1.0): click is not installed;"
        " to lock what it needs, run `condavision lock --prove s.py`\n"
    )
    assert local("install", "s.py", "-q").ok().err == ""
    local("lock", "s.py", "-q", "--prove").ok()
    assert local("install", "s.py", "-q").ok().err == ""


def test_conda_packages_and_platforms(command: CommandLine, small_channel: SmallChannel) -> None:
    text = b"import sys\nif sys.platform == 'win32':\n    import click\nimport rich\n"
    file = PackageFile("site-packages/toolz/__init__.py", text)
    small_channel.add(
        replace(package("toolz", "1.0"), entries=(file,)),
        package("click", "1"),
        package("rich", "1"),
    )
    platforms = ("--platform", "linux-64", "--platform", "win-64")
    found = lock(command, "import toolz\n", "-c", small_channel.http_url, *platforms)
    assert proof(found) == "imports"
    assert {key: it.get("platforms") for key, it in learned(command).items()} == {
        "toolz -> click": ["win"],
        "toolz -> rich": None,
    }
    document = yaml.safe_load(Path(found.json()[0]["lock"]).read_text())
    places = {(it["name"], it["platform"]) for it in document["package"]}
    assert {it for it in places if it[0] in {"click", "rich"}} == {
        ("click", "win-64"),
        ("rich", "linux-64"),
        ("rich", "win-64"),
    }
