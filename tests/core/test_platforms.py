"""One row makes a platform: everything that differs between platforms reads the row."""

from __future__ import annotations

import platform
import sys
from dataclasses import replace

import pytest

from condavision.compile_stage.solving.conda_base import CondaBase
from condavision.core.model import Manager, Requirement
from condavision.core.platforms import PLATFORMS, Platform, current_subdir, virtual_packages
from condavision.core.specs import wanted_on
from condavision.export.formats import load
from condavision.export.share import Share
from condavision.interpreters.probing import _subdir
from condavision.locks.lockfile import render
from condavision.project.settings import _platforms
from tests.locks.test_lockfile import REQUIREMENTS, conda, sample, wheel

NAME = "linux-riscv64"
ROW = Platform(
    NAME,
    machine="riscv64",
    selector="riscv64",
    virtual_packages=(("__linux", "5.10", ""),),
    uv="riscv64-manylinux_2_{glibc}",
)


@pytest.fixture(autouse=True)
def _a_new_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PLATFORMS, NAME, ROW)


def test_it_is_solved_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert current_subdir() == _subdir("linux-riscv64", 64) == NAME
    assert _platforms([NAME]) == (NAME,)
    assert virtual_packages(NAME, {"__linux": "6"}) == (("__linux", "6", ""),)
    assert wanted_on(Requirement(Manager.PYPI, "six", platforms=frozenset({"linux"})), NAME)
    assert CondaBase(NAME, "3.12.1", ROW.virtual_packages, {}).uv_platform.startswith("riscv64-")


def test_it_is_locked_and_exported() -> None:
    files = render(sample("linux-64", NAME, differ=True), REQUIREMENTS)
    assert "# [riscv64]" in files[f"{sample().hash}.{NAME}.environment.yml"]
    packages = (conda("python", "3.12.1", NAME), wheel("six", "1.0", NAME))
    lock = replace(sample(NAME), packages=packages)
    assert "platform_machine == 'riscv64'" in load("pylock").render(Share(lock, NAME))


@pytest.mark.parametrize(
    ("sysconfig_platform", "bits", "subdir"),
    [
        ("linux-x86_64", 64, "linux-64"),
        ("linux-x86_64", 32, "linux-32"),
        ("linux-i686", 32, "linux-32"),
        ("linux-aarch64", 64, "linux-aarch64"),
        ("macosx-11.0-arm64", 64, "osx-arm64"),
        ("macosx-10.9-x86_64", 64, "osx-64"),
        ("win-amd64", 64, "win-64"),
        ("win-arm64", 64, "win-arm64"),
        ("win32", 32, "win-32"),
    ],
)
def test_what_interpreters_say(sysconfig_platform: str, bits: int, subdir: str) -> None:
    assert _subdir(sysconfig_platform, bits) == subdir
