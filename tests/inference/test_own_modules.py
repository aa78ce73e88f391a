"""Misspelt imports of a script's own modules: what each may mean, and that none is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.command_line import CommandLine

FILES = {
    "utils.py": "",
    "gidgetlabs.py": "",
    "data/rows.csv": "",
    "mypkg/__init__.py": "",
    "mypkg/helper.py": "",
    "mypkg/sub/__init__.py": "",
    "mypkg/sub/deep.py": "from ..hlper import x\n",
    "binds/__init__.py": "from .tables import tabel\n",
    "binds/tables.py": "tabel = 1\n",
    "makes/__init__.py": "def __getattr__(name): return 1\n",
    "makes/table.py": "",
    "folder/loader.py": "",
    "common/loaders_x.py": "",
    "parts/bigpkg_x/core.py": "",
    "mypkg/sub/deepmod_x.py": "",
}
HELPER = "did you mean `mypkg.helper`, at mypkg/helper.py?"
MISSPELT = {
    "import utlis": "did you mean `utils`, at utils.py? then correct s.py:1",
    "import Utils": "did you mean `utils`, at utils.py? then correct s.py:1",
    "import mypgk.helper": f"{HELPER} then correct s.py:1",
    "from mypkg.hlper import x": f"s.py:1: this import fails: {HELPER}",
    "from mypkg import hlper": f"s.py:1: this import fails: {HELPER}",
    "import mypkg.sub.deep": f"mypkg/sub/deep.py:1: this import fails: {HELPER}",
    "from .utlis import x": "s.py:1: this import fails: did you mean `utils`, at utils.py?",
    "from folder import laoder": "did you mean `folder.loader`, at folder/loader.py?",
    "import loaders_x": 'if common/loaders_x.py is meant, set `paths = ["common"]` at the top',
    "import bigpkg_x.core": 'if parts/bigpkg_x is meant, set `paths = ["parts"]` at the top',
    "import deepmod_x": "did you mean `mypkg.sub.deepmod_x`, at mypkg/sub/deepmod_x.py?",
    "import gidgetlab": "did you mean `gidgetlabs`, at gidgetlabs.py? then correct s.py:1",
}
WELL = (
    "from mypkg import helper",
    "from mypkg import version",
    "from binds import tabel",
    "from makes import tables",
    "try:\n    from mypkg.hlper import x\nexcept ImportError:\n    pass",
    "import sys\nif sys.platform == 'win32':\n    from mypkg import hlper",
    "import dats",
)


@pytest.fixture
def own(command: CommandLine) -> CommandLine:
    """A project with modules of its own, on a channel that unknown imports are not taken from."""
    for name, text in FILES.items():
        (command.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (command.folder / name).write_text(text)
    return command


@pytest.mark.parametrize(("text", "said"), MISSPELT.items(), ids=MISSPELT.keys())
def test_what_is_misspelt_is_named(own: CommandLine, text: str, said: str) -> None:
    (own.folder / "s.py").write_text(f"{text}\n")
    assert said in own("lock", "s.py").err


@pytest.mark.parametrize("text", WELL)
def test_nothing_is_made_up(own: CommandLine, text: str) -> None:
    (own.folder / "s.py").write_text(f"{text}\n")
    assert "`, at " not in own("lock", "s.py").err
