"""What differs between two locks."""

from __future__ import annotations

import pytest

from condavision.core.model import Lock, LockedPackage, Manager
from condavision.locks.diff import compare

PLATFORM = "linux-64"
OLD = "manylinux_2_17_x86_64.manylinux2014_x86_64"
NEW = "manylinux_2_27_x86_64.manylinux_2_28_x86_64"
FILES = {
    "another Python": (
        f"a-1-cp312-cp312-{NEW}.whl",
        f"a-1-cp313-cp313-{NEW}.whl",
        "cp312",
        "cp313",
    ),
    "another ABI": ("a-1-cp39-abi3-any.whl", "a-1-cp39-none-any.whl", "abi3", "none"),
    "another platform": (f"a-1-py3-none-{OLD}.whl", f"a-1-py3-none-{NEW}.whl", OLD, NEW),
    "another build": (
        "a-1-1-py3-none-any.whl",
        "a-1-2-py3-none-any.whl",
        "sha256 aaaaaaaa",
        "sha256 bbbbbbbb",
    ),
    "a wheel for its source": (
        "a-1.tar.gz",
        "a-1-py3-none-any.whl",
        "a-1.tar.gz",
        "a-1-py3-none-any.whl",
    ),
}


@pytest.mark.parametrize(("old", "new", "before", "after"), FILES.values(), ids=FILES)
def test_files_of_one_version_are_told_apart(old: str, new: str, before: str, after: str) -> None:
    (change,) = compare(_lock(old, "a" * 64), _lock(new, "b" * 64))
    assert (change.before, change.after) == (f"1 ({before})", f"1 ({after})")


def _lock(file: str, sha256: str) -> Lock:
    url = f"https://files.example.org/{file}"
    package = LockedPackage(Manager.PYPI, "a", "1", PLATFORM, url, sha256=sha256)
    return Lock("0" * 16, ("conda-forge",), (PLATFORM,), (package,))
