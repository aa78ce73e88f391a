"""Names that ``from module import *`` brings: of local modules, of the standard library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.analysis.analyze import analyze, new_reader
from condavision.analysis.attributes import attributes_taken
from condavision.core.model import Analysis, ImportKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELPERS = {"helpers.py": "import time\nimport pandas as pd\nimport ulid\n_hidden = 1\n"}
STAR = "from helpers import *\n"

IMPLIED = [
    (STAR + "pd.read_excel('a.xlsx')", HELPERS, {"openpyxl"}),
    (STAR + "pd = None\npd.read_csv('a.xlsx')", HELPERS, set()),
    ("import helpers\npd.read_excel('a.xlsx')", HELPERS, set()),
    (
        "from lib import *\npd.read_excel('a.xlsx')",
        {"lib/__init__.py": "from .inner import *", "lib/inner.py": "import pandas as pd"},
        {"openpyxl"},
    ),
    (
        STAR + "pd.read_excel('a.xlsx')",
        {"helpers.py": "import pandas as pd\n__all__ = ['other']"},
        set(),
    ),
    (STAR + "_pd.read_excel('a.xlsx')", {"helpers.py": "import pandas as _pd"}, set()),
    (STAR + "pd.read_excel('a.xlsx')", {"helpers.py": "from s import *\nimport os"}, set()),
]


@pytest.mark.parametrize(("script", "modules", "expected"), IMPLIED)
def test_calls_through_names_of_a_local_module(
    analyzed: Callable[..., Analysis],
    script: str,
    modules: dict[str, str],
    expected: set[str],
) -> None:
    found = analyzed({"s.py": script, **modules}).imports
    assert {it.name for it in found if it.kind is ImportKind.IMPLIED} == expected


PYTHONS = [
    (STAR + "time.clock()", HELPERS, ">=2.7,<3.8"),
    (STAR + "def f(time):\n    return time.clock()", HELPERS, ">=2.7"),
    ("from time import *\nprint(clock())", {}, ">=2.7,<3.8"),
    ("from time import *\ndef clock(): pass\nclock()", {}, ">=2.7"),
    ("from time import *\nfrom other import *\nclock()", {}, ">=2.7"),
    ("from time import *\nx.clock()", {}, ">=2.7"),
    ("from math import *\nprint(isqrt(4))", {}, ">=3.8"),
    ("try:\n    from math import *\n    isqrt(4)\nexcept NameError: pass", {}, ">=2.7"),
]


@pytest.mark.parametrize(("script", "modules", "expected"), PYTHONS)
def test_pythons_through_names_of_a_star(
    analyzed: Callable[..., Analysis], script: str, modules: dict[str, str], expected: str
) -> None:
    assert str(analyzed({"s.py": script, **modules}).python) == expected


ATTRIBUTES = [
    ({"s.py": STAR + "ulid.new()", **HELPERS}, {"new"}),
    ({"s.py": "import helpers\nulid.new()", **HELPERS}, set()),
    ({"s.py": "from ulid import *\nnew()\nprint(min(1, 2))\n'old()'"}, {"new"}),
    ({"s.py": "from ulid import *\ndef new(): pass\nnew()"}, set()),
    ({"s.py": "from ulid import *\nfrom other import *\nnew()"}, set()),
    (
        {"s.py": "import lib.main", "lib/__init__.py": "", "lib/base.py": "import ulid",
         "lib/main.py": "from .base import *\nulid.new()"},
        {"new"},
    ),
    (
        {"lib/s.py": "from .base import *\nulid.new()", "lib/__init__.py": "",
         "lib/base.py": "import ulid"},
        {"new"},
    ),
    (
        {"s.py": "import lib", "lib/__init__.py": "from .base import *\nulid.new()",
         "lib/base.py": "import ulid"},
        {"new"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), ATTRIBUTES)
def test_attributes_through_names_of_a_local_module(
    project: Callable[[dict[str, str]], Path], files: dict[str, str], expected: set[str]
) -> None:
    root = project(files)
    reader = new_reader(root)
    analysis = analyze(root / next(iter(files)), root=root, reader=reader)
    assert attributes_taken(analysis, "ulid", reader) == expected
