"""What scripts declare: PEP 723 with the tools' tables, and conda execute."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.analysis.declared.metadata import read_metadata
from condavision.analysis.declared.pep723 import script_blocks
from condavision.analysis.source.source import decode
from condavision.core.model import IgnoredReason, ScriptMetadata
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError

SPECIFIED = re.compile(rb"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""The pattern in PEP 723."""


def metadata_of(text: str) -> ScriptMetadata:
    return read_metadata(decode(text.encode(), Path("s.py"), "s.py"))


def block(toml: str) -> str:
    lines = "".join(f"# {line}\n" if line else "#\n" for line in toml.splitlines())
    return f"#!/usr/bin/env python\n# /// script\n{lines}# ///\nimport x\n"


def conda_script(toml: str, prefix: str = "# ") -> str:
    lines = "".join(f"{prefix}{line}".rstrip() + "\n" for line in toml.splitlines())
    return f"{prefix}/// conda-script\n{lines}{prefix}/// end-conda-script\nimport x\n"


FULL = block(
    """requires-python = ">=3.9"
dependencies = ["requests>=2", "pywin32 ; sys_platform == 'win32'", "t ; python_version < '3.11'"]

[tool.conda]
channels = ["conda-forge", "bioconda"]
dependencies = ["samtools>=1.19", "python >=3.10", "python-dateutil"]

[tool.pixi.workspace]
channels = ["conda-forge", { channel = "robostack", priority = 1 }]
platforms = ["linux-64"]

[tool.pixi.dependencies]
gdal = "*"
numpy = { version = ">=2,<3", channel = "conda-forge" }

[tool.pixi.pypi-dependencies]
httpx = { version = ">=1", extras = ["http2"] }

[tool.pixi.target.win.dependencies]
m2-base = "*"

[tool.condavision]
imports = { cv2 = "opencv" }
channels = ["file:///x"]
"""
)


def test_every_table() -> None:
    found = metadata_of(FULL)
    assert found.requires_python == ">=3.9,>=3.10"
    assert [(it.manager.value, it.text, set(it.platforms)) for it in found.dependencies] == [
        ("pypi", "requests>=2", set()),
        ("pypi", "pywin32", {"win"}),
        ("pypi", "t", set()),
        ("conda", "samtools>=1.19", set()),
        ("conda", "python-dateutil", set()),
        ("conda", "gdal", set()),
        ("conda", "conda-forge::numpy >=2,<3", set()),
        ("pypi", "httpx[http2]>=1", set()),
        ("conda", "m2-base", {"win"}),
    ]
    assert [it.pythons for it in found.dependencies[:3]] == [None, None, PythonRange.below(3, 11)]
    assert [it.text for it in found.channels] == [
        "conda-forge",
        "bioconda",
        "robostack",
        "file:///x",
    ]
    assert [it.location.line for it in found.channels] == [7, 7, 11, 26]
    assert found.platforms == ("linux-64",)
    assert {name: it.text for name, it in found.imports.items()} == {"cv2": "opencv"}


@given(
    st.lists(
        st.sampled_from(
            ["# /// script", "# /// x", "# ///", "#", "# a", "#b", "", "x = 1", "# /// ", " # ///"]
        )
    ),
    st.sampled_from(["", "\n"]),
)
def test_blocks_are_those_of_the_specification(lines: list[str], end: str) -> None:
    text = "\n".join(lines).encode() + end.encode()
    expected = [it for it in SPECIFIED.finditer(text) if it["type"] == b"script"]
    assert [*script_blocks(text)] == [(it.start(), it["content"]) for it in expected]


def test_places_are_lines_of_the_script() -> None:
    found = metadata_of(FULL)
    assert str(found.requires_python_location) == "s.py:3"
    assert [it.location.line for it in found.dependencies[:4]] == [4, 4, 4, 8]


def test_conda_execute() -> None:
    found = metadata_of(
        "#!/usr/bin/env conda-execute\n\n# conda execute\n# env:\n#  - python 2.7.*\n"
        "#  - numpy 1.9*\n# channels:\n#  - scitools\n# run_with: python\nprint 'x'\n"
    )
    assert found.requires_python == "==2.7.*"
    assert [(it.text, it.location.line) for it in found.dependencies] == [("numpy 1.9*", 6)]
    assert [it.text for it in found.channels] == ["scitools"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("python", None),
        ("python *", None),
        ("python >=3.8", ">=3.8"),
        ("python>=3.8,<3.12", ">=3.8,<3.12"),
        ("python 3.8", "==3.8.*"),
        ("python=3.8", "==3.8.*"),
        ("python==3.8.1", "==3.8.1"),
        ("python 3.8.*", "==3.8.*"),
        ("python !=3.9.*", "!=3.9.*"),
        ("python 3.8 *_cpython", "==3.8.*"),
        ("python =2.7=0", "==2.7.*"),
        ("conda-forge::python >=3.9", ">=3.9"),
    ],
)
def test_python_among_conda_dependencies(spec: str, expected: str | None) -> None:
    found = metadata_of(block(f"[tool.conda]\ndependencies = [{spec!r}]"))
    assert (found.requires_python, found.dependencies) == (expected, ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# /// pyproject\n# requires-python = '>=3.9'\n# ///\n",
        "x = '''\n  # /// script\n  # requires-python = '>=3.9'\n  # ///\n'''\n",
        "# /// script\n# nothing = 'here'\n",
        "# conda executes\n# env:\n#  - numpy\n",
        block(""),
    ],
)
def test_nothing_declared(text: str) -> None:
    assert metadata_of(text) == ScriptMetadata()


UV = 'dependencies = ["a", "b>=1", "C-d"]\n[tool.uv.sources]\n'


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('a = { git = "https://x/a" }', ["a @ git+https://x/a", "b>=1", "C-d"]),
        ('b = { path = "../b" }', ["a", "b @ file:../b", "C-d"]),
        ('c_d = { url = "https://x/c.whl" }', ["a", "b>=1", "c_d @ https://x/c.whl"]),
        ('a = { index = "own" }', ["a", "b>=1", "C-d"]),
        ('z = { git = "https://x/z" }', ["a", "b>=1", "C-d"]),
    ],
)
def test_sources_of_uv(table: str, expected: list[str]) -> None:
    assert [it.text for it in metadata_of(block(UV + table)).dependencies] == expected


@pytest.mark.parametrize(
    ("text", "ignored", "line", "reason"),
    [
        (block(UV + "a = { index = 'own' }"), "[tool.uv.sources] a", 5, IgnoredReason.SETTING),
        (block(UV + "a = { workspace = true }"), "[tool.uv.sources] a", 5, IgnoredReason.SETTING),
        (
            block("[tool.uv]\nexclude-newer = '2026-01-01'"),
            "[tool.uv] exclude-newer",
            4,
            IgnoredReason.SETTING,
        ),
        (block("dependency = ['a']"), "dependency", 3, IgnoredReason.UNKNOWN),
        (
            block("[tool.conda]\nchannel = 'x'"),
            "[tool.conda] channel",
            4,
            IgnoredReason.SETTING,
        ),
        (
            block("dependencies = []\n[tool.uv]\noverride-dependencies = ['a']"),
            "[tool.uv] override-dependencies",
            5,
            IgnoredReason.SETTING,
        ),
        (
            block("dependencies = []\n[tool.hatch.envs.default]\ndependencies = ['a']"),
            "[tool.hatch.envs.default] dependencies",
            5,
            IgnoredReason.SETTING,
        ),
        (
            block("[tool.poetry.dependencies]\na = '1'"),
            "[tool.poetry] dependencies",
            3,
            IgnoredReason.SETTING,
        ),
        (
            block("[tool.pixi.feature.x.dependencies]\na = '1'"),
            "[tool.pixi] feature",
            3,
            IgnoredReason.SETTING,
        ),
        (
            block("[tool.pixi.workspace]\nexclude-newer = '2026-01-01'"),
            "[tool.pixi.workspace] exclude-newer",
            4,
            IgnoredReason.SETTING,
        ),
        (
            block("[tool.pixi.dependencies]\na = { version = '1', subdir = 'x' }"),
            "[tool.pixi.dependencies.a] subdir",
            4,
            IgnoredReason.SETTING,
        ),
        (
            block("[tool.pixi.target.beos.dependencies]\na = '1'"),
            "[tool.pixi.target] beos",
            3,
            IgnoredReason.SETTING,
        ),
        (
            "# /// script\n# dependencies = ['a']\nimport a\n# ///\n",
            "# /// script",
            1,
            IgnoredReason.UNCLOSED,
        ),
        ("#/// script\n# dependencies = ['a']\n# ///", "#/// script", 1, IgnoredReason.MISSPELT),
        ("# // script\n# dependencies = ['a']\n# //", "# // script", 1, IgnoredReason.MISSPELT),
        (
            "# /// Script\n# requires-python = '>=3'\n# ///",
            "# /// Script",
            1,
            IgnoredReason.MISSPELT,
        ),
    ],
)
def test_what_has_no_effect_is_noted(
    text: str, ignored: str, line: int, reason: IgnoredReason
) -> None:
    (found,) = metadata_of(text).ignored
    assert (found.text, found.reason) == (ignored, reason)
    assert found.location.line == line


@pytest.mark.parametrize("prefix", ["# ", "#", "## ", "  # "])
def test_blocks_of_conda_script(prefix: str) -> None:
    found = metadata_of(
        "import os\n"
        + conda_script(
            """channels = ["https://prefix.dev/conda-forge", "bioconda"]
entrypoint = "python ${SCRIPT}"

[dependencies]
python = "3.12.*"
gdal = "*"
numpy = { version = ">=2", channel = "robostack" }
zlib = { version = "1.3.*", when = "__unix" }
m2-base = { when = "__win or __osx" }
any = { when = "__unix or __win" }

[tool.pixi.pypi-dependencies]
httpx = ">=1"

[tool.condavision]
platforms = ["linux-64"]
""",
            prefix,
        )
    )
    assert [it.text for it in found.channels] == ["https://prefix.dev/conda-forge", "bioconda"]
    assert found.requires_python == "==3.12.*"
    assert found.platforms == ("linux-64",)
    assert [(it.text, set(it.platforms), it.location.line) for it in found.dependencies] == [
        ("gdal", set(), 8),
        ("robostack::numpy >=2", set(), 9),
        ("zlib 1.3.*", {"linux", "osx"}, 10),
        ("m2-base", {"osx", "win"}, 11),
        ("any", set(), 12),
        ("httpx>=1", set(), 15),
    ]


@pytest.mark.parametrize(
    "text", ["x = '''\n/// conda-script\n'''\n", "#x /// conda-script\n", "# /// conda-scripts\n"]
)
def test_what_is_no_block_of_conda_script(text: str) -> None:
    assert metadata_of(text) == ScriptMetadata()


@pytest.mark.parametrize(
    "mark", ["conda execute", "conda execute:", "Conda execute", "conda-execute"]
)
def test_spellings_of_conda_execute(mark: str) -> None:
    found = metadata_of(f"# {mark}\n# env:\n#  - python >=3\n#  - a <0.9\n\nimport a\n")
    assert [(it.text, it.location.line) for it in found.dependencies] == [("a <0.9", 4)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (block("dependencies = ["), "s.py:"),
        (block("x = 1\ny = = 2"), "s.py:4: .* not valid TOML"),
        (block("x = 1") + block("x = 2"), "s.py:7: a second"),
        (block("requires-python = 'new'"), "s.py:3: `new` is not a range"),
        (block("requires-python = 3"), "s.py:3: .*must be a string"),
        (block("x = 1\ndependencies = ['a b c']"), "s.py:4: `a b c` is not a requirement"),
        (block("dependencies = 'a'"), "s.py:3: .*must be a list"),
        (block("[tool]\nconda = 1"), "s.py:4: `conda` must be a table"),
        (block("[tool.condavision]\nchanels = []"), "s.py:4: `chanels` is not a setting"),
        (block("[tool.condavision.imports]\ncv2 = 1"), "s.py:4: the package of `cv2`"),
        (block("[tool.pixi.dependencies]\nx = 1"), "s.py:4: the version of `x`"),
        (conda_script("x = ["), "s.py:.* not valid TOML"),
        (conda_script("x = 1").replace("end-", ""), "s.py:3: a second block"),
        (conda_script("x = 1").partition("# /// end-")[0], "s.py:1: .* has no end"),
        (conda_script("x = 1") + block("y = 1"), "s.py:6: a second block"),
        (conda_script("[dependencies]\na = { url = 'x' }"), "s.py:3: `url` of `a` is not"),
        (conda_script("[dependencies]\na = { when = 'b' }"), "s.py:3: the condition `b`"),
        ("# conda execute\n# env:\n#  - [\n", "s.py:.* not valid YAML"),
        ("# conda execute\n# nothing here\n", "s.py:1: .* not a mapping"),
        ("# conda execute\n# env: 3\n", "s.py:.* must be a list"),
    ],
)
def test_mistakes_name_their_line(text: str, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        metadata_of(text)


NEAR = {
    "[tool.condavision]\nchanels = []": "channels",
    "[tool.condavision]\npython = '3.12'": "requires-python",
    "[tool.condavision.serve]\ntimout = 1": "timeout",
}


@pytest.mark.parametrize(("text", "meant"), NEAR.items())
def test_a_misspelt_setting_gets_the_one_that_is_meant(text: str, meant: str) -> None:
    with pytest.raises(AnalysisError) as raised:
        metadata_of(block(text))
    assert raised.value.hints[0] == f"did you mean `{meant}`?"
