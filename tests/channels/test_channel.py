"""The channel that the other tests use: its packages solve, link, relocate and run."""

from __future__ import annotations

import hashlib
import http.client
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.core.pythons import format_minor
from tests.channels.engine import BIN, PYTHON, run, solve, solve_and_install
from tests.channels.server import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel

RUNNING: Minor = sys.version_info[:2]
MODERN = sorted({(3, 8), (3, 12), RUNNING})

each_modern = pytest.mark.parametrize("minor", MODERN, ids=format_minor)


@pytest.fixture
def environment(
    channel: Channel,
    extracted: Path,
    tmp_path: Path,
    interpreter: Callable[[Minor], Interpreter],
) -> Callable[..., Path]:
    def make(minor: Minor, *specs: str) -> Path:
        interpreter(minor)
        python = f"python {minor[0]}.{minor[1]}.*"
        return solve_and_install(channel.url, [python, *specs], tmp_path / "prefix", extracted)

    return make


@pytest.mark.slow
@each_modern
def test_pure_packages_and_console_script(
    minor: Minor, environment: Callable[..., Path], tmp_path: Path
) -> None:
    prefix = environment(minor, "requests")
    script = "import requests, sys; print(requests.__file__, requests.get, sys.prefix)"
    printed = run(prefix / PYTHON, "-c", script)
    assert printed.startswith(str(prefix))
    assert printed.rstrip().endswith(str(prefix))
    (tmp_path / "text").write_text("plain", encoding="ascii")
    assert '"encoding": "ascii"' in run(prefix / BIN / "normalizer", tmp_path / "text")


@pytest.mark.slow
@each_modern
def test_compiled_packages_match_their_python(
    minor: Minor, environment: Callable[..., Path]
) -> None:
    prefix = environment(minor, "numpy", "pyyaml")
    script = "import numpy, yaml; print(numpy.arange(4).sum(), yaml.__with_libyaml__)"
    assert run(prefix / PYTHON, "-c", script).split() == ["6", "True"]
    assert run(prefix / BIN / "f2py", "-v").strip()


@pytest.mark.slow
@pytest.mark.parametrize("minor", [(2, 7), *MODERN], ids=format_minor)
def test_python_is_relocated(minor: Minor, environment: Callable[..., Path]) -> None:
    prefix = environment(minor, "six", "pip")
    script = (
        "import ctypes, hashlib, json, six, sqlite3, ssl, sys, sysconfig, zlib\n"
        "ssl.create_default_context(); sqlite3.connect(':memory:')\n"
        "maps = open('/proc/self/maps').read()\n"
        "files = set(line.split()[-1] for line in maps.splitlines() if 'python' in line)\n"
        "loaded = [f for f in files if 'libpython' in f or 'lib-dynload' in f]\n"
        "print(json.dumps([sysconfig.get_config_var('LIBDIR'), sys.prefix, six.__file__] + loaded))"
    )
    libraries, *paths = json.loads(run(prefix / PYTHON, "-c", script))
    for path in paths:
        assert Path(path).is_relative_to(prefix)
    # what names /usr is left as it is
    assert Path(libraries).is_relative_to(prefix) or libraries.startswith("/usr/")
    assert run(prefix / PYTHON, "-m", "pip", "--version").startswith("pip ")
    assert run(prefix / BIN / "pip", "--version").startswith("pip ")


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        (["six <1.17"], {"six": "1.16.0"}),
        (["six"], {"six": "1.17.0"}),
        (["numpy", "python 3.8.*"], {"numpy": "1.24.4"}),
        (["python 2.7.*"], {"pip": "20.3.4"}),
        (["requests", "python 3.12.*"], {"requests": "2.32.3", "python_abi": None}),
    ],
    ids=str,
)
def test_solutions(
    channel: Channel,
    specs: list[str],
    expected: dict[str, str | None],
    interpreter: Callable[[Minor], Interpreter],
) -> None:
    for minor in ((2, 7), (3, 8), (3, 12)):
        if any(f"python {minor[0]}.{minor[1]}" in spec for spec in specs):
            interpreter(minor)
    solution = {record.name.normalized: str(record.version) for record in solve(channel.url, specs)}
    for name, version in expected.items():
        assert solution.get(name) == version


def test_http_serves_the_same_channel(channel: Channel, tmp_path: Path) -> None:
    prefix = solve_and_install(
        channel.http_url, ["activation-sample", "post-link-sample"], tmp_path / "p", tmp_path / "c"
    )
    assert (prefix / "etc/conda/activate.d/activation-sample.sh").is_file()
    assert (prefix / "share/post-link-sample/data").is_file()
    assert any(path.endswith(".conda") for path in channel.requested)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=1) as answer:
        content = answer.read()
    assert isinstance(content, bytes)
    return content


def test_faults_come_and_go(channel: Channel) -> None:
    url = f"{channel.http_url}/noarch/repodata.json"
    good = _get(url)
    for fault, code in ((Fault.NOT_FOUND, 404), (Fault.ERROR, 500)):
        channel.fail("noarch", fault)
        with pytest.raises(urllib.error.HTTPError) as caught:
            _get(url)
        caught.value.close()
        assert caught.value.code == code
    channel.fail("noarch", Fault.SLOW)
    with pytest.raises(TimeoutError):
        _get(url)
    channel.fail("noarch", Fault.TRUNCATED)
    with pytest.raises(http.client.IncompleteRead):
        _get(url)
    channel.fail("noarch", Fault.GARBLED)
    bad = _get(url)
    assert len(bad) == len(good)
    assert hashlib.sha256(bad).digest() != hashlib.sha256(good).digest()
    channel.heal()
    assert _get(url) == good
