"""Whose files count: a table of owners and modes, and the doors that ask."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from condavision.errors import UntrustedError
from condavision.system.cache_dir import home
from condavision.system.ownership import TRUSTED, Distrust, Fault, Users, distrust_of

if TYPE_CHECKING:
    from pathlib import Path

ROOT, ME, OTHER, NOBODY = 0, 1000, 2000, 65534
SHARED = 500  # a group with others in it; each user's own has the user's id

only_root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="only root gives files away"
)


def status(mode: int, uid: int, gid: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


FILE, FOLDER = stat.S_IFREG, stat.S_IFDIR
RULE = [
    ("mine", FILE | 0o644, ME, ME, False, None),
    ("root's", FILE | 0o644, ROOT, ROOT, False, None),
    ("another's", FILE | 0o644, OTHER, OTHER, False, Fault.OWNER),
    ("another's, read-only", FILE | 0o400, OTHER, OTHER, False, Fault.OWNER),
    ("for all", FILE | 0o646, ME, ME, False, Fault.WRITABLE),
    ("for my own group", FILE | 0o664, ME, ME, False, None),
    ("for a group", FILE | 0o664, ME, SHARED, False, Fault.WRITABLE),
    ("root's, for a group", FILE | 0o664, ROOT, SHARED, False, Fault.WRITABLE),
    ("above", FOLDER | 0o755, ROOT, ROOT, True, None),
    ("above, another's", FOLDER | 0o755, OTHER, OTHER, True, Fault.OWNER),
    ("above, another's and sticky", FOLDER | 0o1777, OTHER, OTHER, True, Fault.OWNER),
    ("above, for all", FOLDER | 0o777, ROOT, ROOT, True, Fault.WRITABLE),
    ("above, for a group", FOLDER | 0o775, ROOT, SHARED, True, Fault.WRITABLE),
    ("above, sticky", FOLDER | 0o1777, ROOT, ROOT, True, None),
    ("sticky itself", FOLDER | 0o1777, ROOT, ROOT, False, Fault.WRITABLE),
    ("above, unmapped", FOLDER | 0o755, NOBODY, NOBODY, True, None),
    ("unmapped itself", FOLDER | 0o755, NOBODY, NOBODY, False, Fault.OWNER),
]


@pytest.mark.parametrize(("mode", "uid", "gid", "above", "fault"), [it[1:] for it in RULE])
def test_the_rule(mode: int, uid: int, gid: int, above: bool, fault: Fault | None) -> None:
    users = Users(frozenset({ROOT, ME}), lambda: NOBODY, lambda owner, group: owner == group)
    assert users.fault_of(status(mode, uid, gid), above=above) is fault


def test_outside_a_namespace_nobody_is_another_user() -> None:
    users = Users(frozenset({ROOT, ME}), lambda: None, lambda owner, group: owner == group)
    assert users.fault_of(status(FOLDER | 0o755, NOBODY, NOBODY), above=True) is Fault.OWNER


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists")
def test_every_folder_above_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    assert distrust_of(folder) is None
    (tmp_path / "a").chmod(0o777)
    expected = Distrust(tmp_path / "a", Fault.WRITABLE)
    for path in (folder, folder / "missing" / "file", tmp_path / "link"):
        assert distrust_of(path) == expected
    monkeypatch.setenv(TRUSTED, f"/nowhere{os.pathsep}{tmp_path / 'a' / 'b'}")
    assert distrust_of(folder) is None
    assert distrust_of(tmp_path / "a") == expected


@only_root
def test_who_calls_sudo_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, OTHER, OTHER)
    assert distrust_of(tmp_path) == Distrust(tmp_path, Fault.OWNER)
    for value, trusted in ((str(OTHER), True), (str(ME), False), ("", False), ("x", False)):
        monkeypatch.setenv("SUDO_UID", value)
        assert (distrust_of(tmp_path) is None) is trusted


@only_root
def test_a_home_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path / "home"))
    assert home() == tmp_path / "home"
    os.chown(tmp_path, OTHER, OTHER)
    with pytest.raises(UntrustedError, match="belongs to another user") as caught:
        home()
    assert any("export CONDAVISION_HOME=" in hint for hint in caught.value.hints)
    assert any(f"export {TRUSTED}={tmp_path}" in hint for hint in caught.value.hints)
