"""The generator of the import map, on an index of a dozen made-up distributions."""

from __future__ import annotations

import importlib.util
import json
import random
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.mapping.import_map import ImportMap, Provider

if TYPE_CHECKING:
    from types import ModuleType

TOOL = Path(__file__).parents[2] / "tools" / "generate_import_map.py"

TOP_LEVEL = {
    "Pretty_Table": ["pretty"],
    "pretty": ["pretty"],
    "famous": ["famous", "tests", "_famous", "litter"],
    "forked-famous": ["famous"],
    "litter": ["litter"],
    "cloud-alpha": ["cloud"],
    "cloud-beta-two": ["cloud"],
    "unheard-of": ["unheard"],
    "below-the-cut": ["below"],
    "redirect": ["redirect"],
    "named-oddly": ["odd", "odd.inside", "not-a-module", "1st"],
    "on-forge-only": ["onforge"],
    "packaged-one": ["packaged_one", "packaged"],
    "little-known": ["little", "stray", "auth", "pretty"],
    "python-auth": ["auth"],
    "auth": ["auth"],
    "lone-wolf": ["lone_wolf", "den"],
    "Only.Here": ["Only_Here"],
    "fork-tail": ["fork_tail"],
    "fork-tail-next": ["fork_tail"],
    "two-heads-a": ["two_heads"],
    "two-heads-b": ["two_heads"],
    "dataloaders2": ["dataloaders2"],
    "twice": ["twice"],
    "twice-more": ["twice"],
    "django-hidden": ["hidden"],
    "django-odd": ["odds"],
    "adafruit-circuitpython-ab12": ["adafruit_ab12"],
    "fresh-upload": ["fresh_upload"],
    "fanous": ["fanous"],
    "gone-since": ["gone_since"],
    "helpers-of-mine": ["helpers_of_mine"],
    "bpy": ["bpy"],
    "zipfile": ["zipfile"],
    "tests": ["tests"],
}
VERSIONS = {"fresh-upload": "0.1.0"}
CONDA = [
    ("famous", "famous", "famous"),
    ("on-forge-only", "forge.name", "onforge"),
    ("cloud-alpha", "cloud-alpha", "cloud.alpha"),
    ("0" * 60, "uploaded", "uploaded"),
]
POPULAR = ["famous", "litter", "pretty-table", "forked-famous", "cloud.beta_two", "named-oddly"]
POPULAR += [f"filler-{rank}" for rank in range(9000)] + ["little-known", "python-auth"]
PATCHES = """
[imports]
pretty = { pypi = "pretty-table", others = ["pretty"], why = "a squat" }
left = { pypi = "famous", others = [], constraint = "<2", why = "gone" }
inside_app = { conda = "app", why = "not on PyPI" }
nobody = { conda = "", why = "cannot be told" }
[modules]
reviewed = ["reviewed.one", "reviewed.two"]
[conda]
forked-famous = { name = "famous", constraint = "2.*", also = ["famous-base"], why = "a build" }
litter = { name = "!", why = "a C library" }
[generic]
why = "noise"
modules = ["tests"]
[junk]
redirect = "redirect"
"""
FAMILIES = """
roots = ["cloud"]
bare = ["cloud.beta"]
[closed]
"famous.plugins" = ["own"]
[rules]
cloud = { module = "cloud", dots = 1 }
"""


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    sys.path.append(str(TOOL.parent))
    spec = importlib.util.spec_from_file_location("generate_import_map", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def write_inputs(folder: Path, seed: int) -> list[str]:
    """Write the inputs in an order that ``seed`` decides; return the command line."""
    shuffle = random.Random(seed).shuffle
    rows = [(name, module) for name, modules in TOP_LEVEL.items() for module in modules]
    names = [*TOP_LEVEL]
    entries = [
        {"pypi_name": pypi, "conda_name": conda, "import_name": module}
        for pypi, conda, module in CONDA
    ]
    for sequence in (rows, names, entries):
        shuffle(sequence)
    folder.mkdir()
    with closing(sqlite3.connect(folder / "pigar.sqlite3")) as connection, connection:
        connection.execute(
            "CREATE TABLE distributions (id INTEGER PRIMARY KEY, name TEXT, version TEXT)"
        )
        connection.execute(
            "CREATE TABLE top_level_module_names (distribution_id INTEGER, name TEXT)"
        )
        connection.executemany(
            "INSERT INTO distributions (name, version) VALUES (?, ?)",
            [(name, VERSIONS.get(name, "0.3")) for name in names],
        )
        connection.executemany(
            "INSERT INTO top_level_module_names"
            " SELECT id, ? FROM distributions WHERE distributions.name = ?",
            [(module, name) for name, module in rows],
        )
    texts = {
        "conda_pypi.json": json.dumps({entry["pypi_name"]: entry for entry in entries}),
        "depfinder.yml": "- {pypi_name: old-name, conda_name: old_name, import_name: old}\n",
        "grayskull.yaml": "on-forge-only: {conda_forge: forge.name, import_name: onforge}\n",
        "popular.json": json.dumps({"packages": POPULAR}),
        "patches.toml": PATCHES,
        "families.toml": FAMILIES,
        "more.txt": "# reviewed\nbelow-the-cut\n",
        "packaged.txt": "# reviewed\npackaged-one\n",
        "conda_forge.txt": "# reviewed\npretty_table\n",
        "common.txt": "# reviewed\nhelpers_of_mine\n",
        "everyday.txt": "# reviewed: words\ndata load loaders my\n",
        "removed.txt": "# reviewed\ngone-since\n",
        "conda-forge.tsv": "lone-wolf\tLone.Wolf other\nhidden\tdjango-hidden\n"
        "sky-plots\tsky-plots\nsky-data\tSky.Data\nsky-new\tsky-new\n",
        "outputs.txt": "hidden lone-wolf sky-plots sky-data sky-new seen-only one two",
        "recipes.tsv": "sky-plots\tsky.plots tests\nsky-data\tsky.data sky.plots\n"
        "seen-only\tseen_only seen_only.tests\none\tclaimed_twice\ntwo\tclaimed_twice\n"
        "gone\tseen_gone\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return [
        *("--pigar", str(folder / "pigar.sqlite3")),
        *("--conda-pypi", str(folder / "conda_pypi.json")),
        *("--depfinder", str(folder / "depfinder.yml")),
        *("--grayskull", str(folder / "grayskull.yaml")),
        *("--popular", str(folder / "popular.json")),
        *("--conda-forge", str(folder / "conda-forge.tsv")),
        *("--outputs", str(folder / "outputs.txt")),
        *("--recipes", str(folder / "recipes.tsv")),
        *("--reviewed", str(folder)),
        *("--everyday", str(folder / "everyday.txt")),
        *("--output", str(folder)),
        *("--date", "2026-01-02"),
    ]


@pytest.fixture(scope="module")
def generated(tool: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> ImportMap:
    folder = tmp_path_factory.mktemp("map") / "inputs"
    assert tool.main(write_inputs(folder, 0)) == 0
    imports, distributions = (file.read_bytes() for file in tables(folder))
    popular = folder / "popular.tsv"
    return ImportMap(imports, distributions, namesakes(folder).read_bytes, popular.read_bytes)


def tables(folder: Path) -> list[Path]:
    return [folder / "imports.tsv", folder / "distributions.tsv"]


def namesakes(folder: Path) -> Path:
    return folder / "namesakes.bin"


@pytest.mark.parametrize(
    ("module", "provider"),
    [
        ("famous.part", Provider("famous", "famous", "famous", ("forked-famous",))),
        ("famous.plugins", Provider("famous", "famous", "famous", ("forked-famous",))),
        ("famous.plugins.own.x", Provider("famous.plugins.own", "famous-plugins", None)),
        ("famous.plugins.unlisted", None),
        ("pretty", Provider("pretty", "pretty-table", "pretty_table", ("pretty",))),
        ("left", Provider("left", "famous", "famous", constraint="<2")),
        ("litter", Provider("litter", "litter", None, ("famous",))),
        ("cloud.alpha", Provider("cloud.alpha", "cloud-alpha", "cloud-alpha")),
        ("cloud.beta.two", Provider("cloud.beta.two", "cloud-beta-two", None)),
        ("odd.inside", Provider("odd", "named-oddly", None)),
        ("onforge", Provider("onforge", "on-forge-only", "forge.name")),
        ("old", Provider("old", "old-name", "old_name")),
        ("inside_app", Provider("inside_app", "", "app")),
        ("reviewed.two", Provider("reviewed.two", "reviewed", None)),
        ("below", Provider("below", "below-the-cut", None)),
        ("little", Provider("little", "little-known", None)),
        ("packaged_one", Provider("packaged_one", "packaged-one", None)),
        ("lone_wolf.howl", Provider("lone_wolf", "lone-wolf", "lone-wolf")),
        ("Only_Here", Provider("Only_Here", "only-here", None, candidate=True)),
        ("fork_tail", Provider("fork_tail", "fork-tail", None, candidate=True)),
        ("hidden", Provider("hidden", "django-hidden", "hidden")),
        ("sky.plots", Provider("sky.plots", "sky-plots", "sky-plots")),
        ("sky.new", Provider("sky.new", "sky-new", "sky-new")),
        ("sky.unlisted", None),
        ("seen_only", Provider("seen_only", "", "seen-only")),
        ("claimed_twice", None),
        ("seen_gone", None),
        (
            "adafruit_ab12",
            Provider("adafruit_ab12", "adafruit-circuitpython-ab12", None, candidate=True),
        ),
        ("den", None),  # not named after its distribution
        ("twice", None),  # of two distributions
        ("odds", None),
        ("fresh_upload", None),  # of one release
        ("fanous", None),  # famous, misspelt
        ("gone_since", None),  # removed from PyPI
        ("two_heads", None),  # of forks of nothing
        ("dataloaders2", None),  # made of everyday words
        ("helpers_of_mine", None),  # what people call their own files
        ("bpy", None),  # of a program's own Python
        ("zipfile", None),
        ("stray", None),
        ("auth", None),
        ("cloud", None),
        ("cloud.beta", None),
        ("nobody", None),
        ("tests", None),
        ("_famous", None),
        ("unheard", None),
        ("redirect", None),
        ("uploaded", None),
    ],
)
def test_who_supplies_a_module(
    generated: ImportMap, module: str, provider: Provider | None
) -> None:
    assert generated.provider(module) == provider


def test_the_most_downloaded_distributions_are_in_order_with_what_they_have(
    generated: ImportMap,
) -> None:
    assert dict(generated.popular) == {
        "famous": ("famous", "litter"),
        "litter": ("litter",),
        "pretty-table": ("pretty",),
        "forked-famous": ("famous",),
        "cloud-beta-two": ("cloud.beta.two",),
        "named-oddly": ("odd",),
    }


def test_what_is_known_of_distributions(generated: ImportMap) -> None:
    assert generated.date == "2026-01-02"
    assert generated.conda_name("forked-famous") == "famous"
    assert set(generated.pypi_names("famous-base")) == {"forked-famous"}
    assert generated.conda_candidate("litter") is None
    assert generated.conda_candidate("named-oddly") == "named-oddly"
    assert not generated.knows("unheard-of")
    assert generated.knows("lone-wolf")
    assert generated.modules("Lone.Wolf") == ("lone_wolf",)
    assert generated.conda_candidate("lone-wolf") == "lone-wolf"
    assert not generated.knows("redirect")


def test_the_same_inputs_give_the_same_bytes(tool: ModuleType, tmp_path: Path) -> None:
    written = set()
    for seed in range(3):
        folder = tmp_path / str(seed)
        tool.main(write_inputs(folder, seed))
        written.add(tuple(it.read_bytes() for it in [*tables(folder), namesakes(folder)]))

    assert len(written) == 1


def test_a_missing_input_is_named(
    tool: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = write_inputs(tmp_path / "inputs", 0)
    (tmp_path / "inputs" / "popular.json").unlink()

    with pytest.raises(SystemExit) as raised:
        tool.main(arguments)

    assert raised.value.code == 2
    assert "popular.json" in capsys.readouterr().err
    assert not (tmp_path / "inputs" / "imports.tsv").exists()
