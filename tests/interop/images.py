"""Docker's command line made of buildah; base images made of Debian and a Python found here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv
from filelock import FileLock

from condavision.core.pythons import format_minor
from tests.channels.pythons import copy_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

_TOOLS = ("buildah", "debootstrap")
_LIBRARIES = "ca-certificates,libffi8,libssl3,libsqlite3-0,libbz2-1.0,liblzma5,zlib1g"
_PIP = '#!/bin/sh\nexec python3 -m pip "$@"\n'
_FOLDERS = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
_DOCKER = """\
#!{python} -I
# `docker build ARGS` and `docker run --rm [--volume VOLUME] NAME ARGS`, as buildah has them.
import argparse, json, subprocess, sys

def buildah(*words, **options):
    done = subprocess.run([*{buildah}, *words], text=True, **options)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout

if sys.argv[1] == "build":
    buildah("build", "--isolation=chroot", "--pull-never", "--layers", *{volumes}, *sys.argv[2:])
else:
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--rm", action="store_true", required=True)
    parser.add_argument("--publish")  # the network is the machine's
    parser.add_argument("--volume", action="append", default=[])
    parser.add_argument("name")
    given, words = parser.parse_known_args()
    asked = ("from", "--pull-never", f"localhost/{{given.name}}")
    container = buildah(*asked, stdout=subprocess.PIPE).strip()
    try:
        asked = ("inspect", container)
        config = json.loads(buildah(*asked, stdout=subprocess.PIPE))["OCIv1"]["config"]
        words = [*config.get("Entrypoint", ()), *(words or config["Cmd"])]
        volumes = [f"--volume={{it}}" for it in given.volume]
        buildah("run", "--isolation=chroot", *volumes, container, "--", *words)
    finally:
        buildah("rm", container, stdout=subprocess.DEVNULL)
"""


@pytest.fixture
def docker(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    interpreter: Callable[[Minor], Interpreter],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[Minor], None]]:
    """Make ``docker`` a command; calling this gives it ``python:VERSION-slim``.

    Base images are kept in pytest's cache: Debian's packages take minutes. Images share the network
    of this machine, and its certificates, also while they are built.
    """
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}:/usr/sbin")
    lacking = [name for name in _TOOLS if shutil.which(name) is None]
    cache = getattr(request.config, "cache", None)
    if lacking or os.geteuid() != 0 or cache is None:
        pytest.skip(f"no image can be built here: {', '.join(lacking) or 'not root, or no cache'}")
    kept = cache.mkdir("test-images")
    storage = ["--storage-driver=overlay", f"--root={kept / 'root'}", f"--runroot={kept / 'run'}"]
    buildah = ["buildah", *storage]
    pip = ConfigParser()
    pip.read_dict({"global": {"cert": "/etc/ssl/certs/ca-certificates.crt", "no-compile": "true"}})
    with (tmp_path / "pip.conf").open("w") as file:
        pip.write(file)
    volumes = (f"{file.name}:/etc/pip.conf:ro", "/etc/ssl/certs:/etc/ssl/certs:ro")
    text = _DOCKER.format(
        python=sys.executable, buildah=buildah, volumes=[f"--volume={it}" for it in volumes]
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(text)
    (tmp_path / "bin" / "docker").chmod(0o755)
    with FileLock(kept / "lock"):
        yield lambda minor: _import(kept, interpreter(minor), buildah)
        built = _run(*buildah, "images", "--quiet", "--filter", "reference=localhost/*").split()
        if built:
            _run(*buildah, "rmi", "--force", *built)
        _run(*buildah, "rmi", "--prune", "--force")


def _import(kept: Path, interpreter: Interpreter, buildah: list[str]) -> None:
    """Make the base image with an interpreter, unless it has been made."""
    name = f"docker.io/library/python:{format_minor(interpreter.minor)}-slim"
    if _run(*buildah, "images", "--quiet", "--filter", f"reference={name}"):
        return
    container = _run(*buildah, "from", "scratch")
    root = Path(_run(*buildah, "mount", container))
    _run("cp", "-a", f"{_debian(kept)}/.", root)
    with tempfile.TemporaryDirectory(dir=kept) as folder:
        copy_python(interpreter, Path(folder))
        _run("cp", "-r", "-P", f"{folder}/.", root / "usr/local")
    site_packages = root / "usr/local/lib" / interpreter.stdlib.name / "site-packages"
    _run(uv.find_uv_bin(), "pip", "install", "-q", "--target", site_packages, "pip")
    (root / "usr/local/bin/pip").write_text(_PIP)
    (root / "usr/local/bin/pip").chmod(0o755)
    _run("chroot", root, "/sbin/ldconfig")
    _run(*buildah, "config", f"--env=PATH={_FOLDERS}", container)
    _run(*buildah, "commit", "--quiet", "--rm", container, name)


def _debian(kept: Path) -> Path:
    """Return a root of this machine's Debian, whose libraries its interpreters need."""
    root = kept / "debian"
    if not root.is_dir():
        lines = Path("/etc/os-release").read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        if found.get("ID") != "debian":
            pytest.skip("this machine is not a Debian")
        begun = kept / "debian.begun"
        shutil.rmtree(begun, ignore_errors=True)
        options = ["--variant=minbase", f"--include={_LIBRARIES}"]
        _run("debootstrap", *options, found["VERSION_CODENAME"], begun)
        for folder in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(begun / folder)
        begun.rename(root)
    return root


def _run(*words: str | Path) -> str:
    done = subprocess.run([*words], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
