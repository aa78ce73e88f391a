"""Files are replaced whole, or the error names them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from condavision.system.files import write_atomic


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002 - mkstemp's
        return os.open("/dev/full", os.O_WRONLY), str(dir / f"{prefix}x")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_atomic(tmp_path / "scripts.yml", "x")
    assert raised.value.filename == str(tmp_path / "scripts.yml")
