"""``--with``: packages for one run, which leave no trace in the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

pytestmark = pytest.mark.slow  # solves and installs

VERSION = "import tabulate; print(tabulate.__version__)"
BOTH = f"import iniconfig, {VERSION[7:]}"


@pytest.fixture
def locked(command: CommandLine) -> CommandLine:
    """A project whose script is locked with an old version of what it imports."""
    script = command.folder / "s.py"
    script.write_text(f"try:\n    import iniconfig\nexcept ImportError: print('alone')\n{VERSION}")
    versions = command.folder / "versions.yml"
    versions.write_text("dependencies: [pip: [tabulate==0.8.10]]\n")
    command("-q", "lock", "--from", versions, "s.py").ok()
    return command


def content(folder: Path) -> dict[Path, bytes]:
    return {it: it.read_bytes() for it in folder.rglob("*") if it.is_file()}


def test_packages_for_one_run(locked: CommandLine) -> None:
    before = content(locked.folder)
    first = locked("run", "--with", "iniconfig", "s.py").ok()
    assert first.out == "0.8.10\n", "the version of the lock"
    assert "solving s.py with iniconfig" in first.err
    again = locked("exec", "--with", "iniconfig", "s.py", "--", "python", "-c", BOTH).ok()
    assert (again.out, again.err) == ("0.8.10\n", ""), "solved and installed already"
    newer = ["--with", "tabulate>=0.9", "--with", "iniconfig"]
    moved = locked("run", *newer, "s.py").ok()
    assert f"changes versions of the lock: tabulate 0.8.10 -> {moved.out}" in moved.err
    assert locked("run", "-q", "s.py").ok().out == "alone\n0.8.10\n"
    assert content(locked.folder) == before
    listed = [it.split("  ") for it in locked("list").ok().out.splitlines()]
    names = {"s.py", "s.py with iniconfig", "s.py with tabulate>=0.9, iniconfig"}
    assert names <= {cell for row in listed for cell in row}
    failed = locked("run", "--with", "tabulate>99", "s.py")
    assert (failed.code, failed.out) == (67, "")
    assert "did you mean" not in failed.err, "its name is right"
    assert "check what is given to `--with`" in failed.err
    assert "condavision lock" not in failed.err
    locked("clean", "--caches").ok()
    assert "solving" in locked("run", "--with", "iniconfig", "s.py").ok().err


def test_a_lock_is_made_first_if_it_is_to_be(command: CommandLine) -> None:
    words = ["s.py", "--", "python", "-c", "import iniconfig; print(1)"]
    assert command("exec", "--with", "iniconfig", *words).code == 70
    assert command("exec", "--lock", "--with", "iniconfig", *words).ok().out == "1\n"
