"""What `explain` shows of a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def test_what_is_declared_and_not_imported_is_listed(command: CommandLine) -> None:
    block = (
        "# /// script\n# dependencies = ['httpx[socks]>=0.27', 'PyYAML[x]']\n# ///\nimport yaml\n"
    )
    (command.folder / "s.py").write_text(block)
    found = command("explain", "s.py", "--json").ok().json()
    assert [(one["pypi"], one["extras"], one["line"]) for one in found["declared"]] == [
        ("httpx", ["socks"], 2)
    ]
    out = command("explain", "s.py").ok().out
    assert "httpx[socks]" in out
    assert "pyyaml[x]" in out


def test_the_place_of_a_local_module_is_shown(command: CommandLine) -> None:
    for place in ("lib/m.py", "own/n.py", "src/p/__init__.py"):
        path = command.folder / place
        path.parent.mkdir(parents=True)
        path.write_text("")
    settings = command.folder / "condavision.toml"
    settings.write_text(f'{settings.read_text()}paths = ["own"]\n')
    (command.folder / "s.py").write_text("import m, n, p\n")
    found = command("explain", "s.py", "--json").ok().json()
    assert [one["why"] for one in found["imports"]] == [
        "found at lib/m.py, outside Python's search path: lib",
        "found at own/n.py",
        "found at src/p/__init__.py, outside Python's search path: src",
    ]


def test_a_folder_is_explained_together_only(command: CommandLine) -> None:
    failed = command("explain", f"{command.folder}/")
    assert failed.code == 65
    assert f"condavision explain --together {command.folder}" in failed.err
