"""Which versions a solve chooses where it has the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compile_stage.conftest import Dated, pythons, versions

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

# Of each package of a small channel: its version, and the Pythons that admit it.
NEWEST = {
    "one package": ({"web": {"2.0": "<3.14", "1.0": ""}}, {"python": "3.13.1", "web": "2.0"}),
    "one before python": ({"app": {"2.0": "<3.14", "1.0": ""}}, {"python": "3.13.1", "app": "2.0"}),
    "nothing older": ({"web": {"2.0": ""}}, {"python": "3.14.1", "web": "2.0"}),
    "two packages": (
        {"app": {"1.0": ""}, "web": {"2.0": "<3.13", "1.0": ""}},
        {"python": "3.12.1", "app": "1.0", "web": "2.0"},
    ),
}


@pytest.mark.parametrize(("channel", "chosen"), NEWEST.values(), ids=NEWEST.keys())
def test_packages_come_before_python(
    command: CommandLine,
    small_channel: SmallChannel,
    channel: dict[str, dict[str, str]],
    chosen: dict[str, str],
) -> None:
    small_channel.add(
        *pythons("3.13.1", "3.14.1"),
        *(
            Dated(name, version, "py_0", noarch="python", depends=(f"python {admitted}".strip(),))
            for name, found in channel.items()
            for version, admitted in found.items()
        ),
    )
    needed = ", ".join(f'"{name}"' for name in channel)
    (command.folder / "web.py").write_text(f"# /// script\n# dependencies = [{needed}]\n# ///\n")
    found = versions(command("lock", "web.py", "--json", "--platform", "linux-64"))
    assert found == chosen
