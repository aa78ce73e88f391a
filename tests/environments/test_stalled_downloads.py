"""Downloads that make no progress, or next to none, end with an error that names them."""

from __future__ import annotations

import hashlib
import shutil
import sys
import threading
import venv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.conda_install import install_conda_packages
from condavision.environments.download import SLOWEST, Pace, StalledError
from condavision.environments.pypi_install import _size, install_pypi_packages
from condavision.errors import InstallError
from condavision.system.progress import Progress
from tests.channels.server import Channel, Fault
from tests.compile_stage.wheels import WheelIndex
from tests.environments.test_hostile_packages import Hostile, archive, linked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENOUGH = 3 * SLOWEST / 50  # in a fiftieth of the timeout; here of three seconds
PACES: list[tuple[str, list[float | None], bool]] = [
    ("nothing", [0] * 51, True),
    ("not yet", [0] * 49, False),
    ("a byte at a time", list(range(60)), True),
    ("just enough", [ENOUGH * number for number in range(1, 200)], False),
    ("in bursts", [ENOUGH * 80 * (number // 40) for number in range(1, 200)], False),
    ("then nothing", [ENOUGH * min(number, 100) for number in range(1, 160)], True),
    ("one after the other", [*range(0, 9000, 200), *[500] * 49], False),
    ("pauses of no transfer", [None if number % 40 == 0 else 7 for number in range(200)], False),
]


@pytest.mark.parametrize(
    ("sizes", "stalled"), [it[1:] for it in PACES], ids=[it[0] for it in PACES]
)
def test_the_pace(
    sizes: list[float | None], stalled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDAVISION_TIMEOUT", "3")
    pace = Pace()
    try:
        for size in sizes:
            pace.require(None if size is None else int(size))
    except StalledError:
        assert stalled
    else:
        assert not stalled


@pytest.fixture
def served(
    tmp_path: Path, clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Channel]:
    monkeypatch.setenv("CONDAVISION_TIMEOUT", "1")
    (tmp_path / "served").mkdir()
    channel = Channel(tmp_path / "served")
    yield channel
    channel.close()


def test_a_conda_package(served: Channel, tmp_path: Path) -> None:
    made = archive(Hostile({"a": b"x"}, linked("a")), served.path / "noarch", tmp_path, "slow")
    package = replace(made, url=f"{served.http_url}/noarch/slow-1-0.tar.bz2")
    served.fail("slow", Fault.TRICKLED)
    with pytest.raises(InstallError, match=r"slow 1 .*/slow-1-0.tar.bz2: .* given up") as caught:
        install_conda_packages([package], tmp_path / "envs" / "p", tmp_path / "pkgs", Progress())
    assert "export CONDAVISION_TIMEOUT=" in caught.value.hints[0]
    assert not [path for path in (tmp_path / "pkgs").iterdir() if path.is_dir()]
    served.fail("slow", Fault.TRUNCATED, times=1)  # one that breaks off is tried again
    install_conda_packages([package], tmp_path / "envs" / "p", tmp_path / "pkgs", Progress())
    assert (tmp_path / "envs" / "p" / "a").read_bytes() == b"x"


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.TRICKLED, Fault.STALLED])
def test_a_wheel(fault: Fault, served: Channel, tmp_path: Path) -> None:
    WheelIndex(served.path).add("slow", "1")
    [file] = served.path.glob("files/*")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    url = f"{served.http_url}/files/{file.name}"
    package = LockedPackage(Manager.PYPI, "slow", "1", current_subdir(), url, digest)
    served.fail(file.name, fault)
    with pytest.raises(InstallError) as caught:
        install_pypi_packages([package], _python(tmp_path), tmp_path / "cache")
    assert url in caught.value.message


def test_a_folder_that_uv_is_about_to_remove(tmp_path: Path) -> None:
    def churn() -> None:
        while not done.is_set():
            (tmp_path / "python" / "bin").mkdir(parents=True)
            shutil.rmtree(tmp_path / "python")

    done = threading.Event()
    other = threading.Thread(target=churn)
    other.start()
    try:
        assert [_size(tmp_path) for _ in range(1000)] == [0] * 1000
    finally:
        done.set()
        other.join()


def _python(folder: Path) -> Path:
    if sys.platform == "win32":
        pytest.skip("the path of the interpreter is that of POSIX")
    venv.create(folder / "venv", symlinks=True)
    return folder / "venv" / "bin" / "python"
