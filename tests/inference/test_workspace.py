"""One command reads each file once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.locks import index as script_index

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.command_line import CommandLine


def test_check_reads_the_index_once(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (command.folder / f"s{number}.py").write_text(f"print({number})\n")
    command("lock", ".").ok()
    parsed: list[Path] = []
    parse = script_index.parse_index

    def counted(text: str, path: Path) -> script_index.ScriptIndex:
        parsed.append(path)
        return parse(text, path)

    monkeypatch.setattr(script_index, "parse_index", counted)
    assert len(command("check", ".", "--json").ok().json()) == 21
    assert len(parsed) <= 2, "once to select, once to check"
