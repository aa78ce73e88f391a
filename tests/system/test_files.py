"""Files are read and replaced whole, or the error names them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.system.files import MAX_BYTES, read_file, replacing, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002 - mkstemp's
        return os.open("/dev/full", os.O_WRONLY), str(dir / f"{prefix}x")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_atomic(tmp_path / "scripts.yml", "x")
    assert raised.value.filename == str(tmp_path / "scripts.yml")


def test_a_folder_that_takes_no_file_names_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="No such file") as raised,
        replacing(tmp_path / "gone" / "report.py", b""),
    ):
        pass
    assert raised.value.filename == str(tmp_path / "gone" / "report.py")


def too_large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices are not files there")
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (os.mkfifo, "not a regular file"),
        (device, "not a regular file"),
        (too_large, "larger than 50 MB"),
        (Path.mkdir, "Is a directory"),
    ],
)
def test_what_would_never_end_is_not_read(
    tmp_path: Path, make: Callable[[Path], None], problem: str
) -> None:
    make(tmp_path / "lock")
    with pytest.raises(OSError, match=problem) as raised:
        read_file(tmp_path / "lock")
    assert raised.value.filename == str(tmp_path / "lock")
