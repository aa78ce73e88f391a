"""The bundled import map: known imports, namespaces, near names, and squats that must not win."""

from __future__ import annotations

import keyword
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.mapping.host_applications import host_application
from condavision.mapping.import_map import ImportMap, Provider, normalized

HERE = Path(__file__).parent
MAP = ImportMap.bundled()
DATA = Path(ImportMap.__module__.replace(".", "/")).parent
TABLES = [HERE.parents[1] / DATA / name for name in ("imports.tsv", "distributions.tsv")]
KNOWN = [
    tuple(line.split("\t"))
    for line in (HERE / "known_imports.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("module", "pypi", "conda"), KNOWN)
def test_known_imports(module: str, pypi: str, conda: str) -> None:
    provider = MAP.provider(module)

    assert provider is not None
    assert (provider.pypi, provider.conda or "-") == (pypi, conda)


@pytest.mark.parametrize(
    ("module", "pypi"),
    [
        ("gidgetlab.aiohttp", "gidgetlab"),
        ("onepush", "onepush"),
        ("generic_positions", "django-generic-positions"),
        ("adafruit_tca9548a", "adafruit-circuitpython-tca9548a"),
        ("tacoma.metrics", "tacoma-lib"),
    ],
)
def test_what_one_distribution_alone_has(module: str, pypi: str) -> None:
    provider = MAP.provider(module)

    assert provider is not None
    assert (provider.pypi, provider.candidate, provider.others) == (pypi, True, ())
    assert not provider.module.endswith(".aiohttp")


@pytest.mark.parametrize(
    "module",
    [
        "reqeusts",
        "nunpy",
        "pandsa",
        "config",
        "settings",
        "utils",
        "models",
        "helpers",
        "bpy",
        "hou",
    ],
)
def test_slips_and_names_of_everybody_are_of_nobody(module: str) -> None:
    assert MAP.provider(module) is None


def test_the_table_of_known_imports_is_not_a_sample_of_a_few() -> None:
    assert len(KNOWN) >= 200
    assert len({module for module, _, _ in KNOWN}) == len(KNOWN)


@pytest.mark.parametrize(
    ("module", "matched"),
    [
        ("google.cloud.storage.blob", "google.cloud.storage"),
        ("google.protobuf.message", "google.protobuf"),
        ("mpl_toolkits.mplot3d.axes3d", "mpl_toolkits"),
        ("mpl_toolkits.basemap", "mpl_toolkits.basemap"),
        ("numpy.linalg.linalg", "numpy"),
        ("ruamel.yaml.comments", "ruamel.yaml"),
        ("airflow.providers.amazon.aws.hooks.s3", "airflow.providers.amazon"),
        ("airflow.models", "airflow"),
    ],
)
def test_the_longest_known_prefix_decides(module: str, matched: str) -> None:
    provider = MAP.provider(module)

    assert provider is not None
    assert provider.module == matched


@pytest.mark.parametrize(
    "module",
    [
        "azure",
        "azure.mgmt",
        "azure.storage",
        "backports",
        "google",
        "google.cloud",
        "jaraco",
        "opentelemetry",
        "ripe",
        "ripe.atlas",
        "ruamel",
        "sphinxcontrib",
        "zope",
    ],
)
def test_a_bare_namespace_has_children_and_no_provider(module: str) -> None:
    children = MAP.namespace(module)

    assert MAP.provider(module) is None
    assert children
    assert all(child.startswith(f"{module}.") for child in children)
    assert all(MAP.provider(child) for child in children)


@pytest.mark.parametrize("module", ["numpy", "mpl_toolkits", "no_such_module", "goog"])
def test_what_is_not_a_namespace(module: str) -> None:
    assert MAP.namespace(module) == []


@pytest.mark.parametrize(
    "module",
    [
        "google.cloud.nothing_of_that_name",
        "sphinxcontrib.nothing_of_that_name",
        "aspose.nothing_of_that_name",
        "spire.nothing_of_that_name",
        "nothing_of_that_name",
        "tests",
        "utils",
        "helpers",
        "builtins",
        "swagger_client",
        "PIL_",
        "Yaml",
        "",
        ".",
        "numpy\tnumpy",
        "numpy\n",
    ],
)
def test_what_nobody_is_known_to_supply(module: str) -> None:
    assert MAP.provider(module) is None


@pytest.mark.parametrize(
    ("module", "squat"),
    [
        ("BeautifulSoup", "bs4"),
        ("Crypto", "crypto"),
        ("PIL", "pil"),
        ("attr", "attr"),
        ("bs4", "bs4"),
        ("bson", "bson"),
        ("consul", "consul"),
        ("cv2", "cv2"),
        ("discord", "discord"),
        ("dns", "dns"),
        ("docx", "docx"),
        ("dotenv", "dotenv"),
        ("facebook", "facebook"),
        ("fitz", "fitz"),
        ("git", "git"),
        ("hydra", "hydra"),
        ("imblearn", "imblearn"),
        ("jenkins", "jenkins"),
        ("jose", "jose"),
        ("jwt", "jwt"),
        ("kafka", "kafka"),
        ("magic", "magic"),
        ("memcache", "memcache"),
        ("serial", "serial"),
        ("skimage", "skimage"),
        ("sklearn", "sklearn"),
        ("slugify", "slugify"),
        ("socks", "socks"),
        ("telegram", "telegram"),
        ("umap", "umap"),
        ("usb", "usb"),
        ("websocket", "websocket"),
        ("whisper", "whisper"),
        ("whois", "whois"),
        ("yaml", "yaml"),
        ("z3", "z3"),
        ("zmq", "zmq"),
    ],
)
def test_a_package_named_like_the_import_does_not_win(module: str, squat: str) -> None:
    provider = MAP.provider(module)

    assert provider is not None
    assert provider.pypi != squat


def test_alternatives_of_an_ambiguous_import_are_named() -> None:
    provider = MAP.provider("cv2")

    assert provider == Provider(
        "cv2",
        "opencv-python",
        "py-opencv",
        (
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
            "opencv-python-headless",
        ),
    )


@pytest.mark.parametrize(
    ("module", "constraint"), [("PyQt4", "4.*"), ("PyQt5", "5.*"), ("PyQt6", "6.*"), ("yaml", "")]
)
def test_a_conda_name_that_releases_share_is_constrained(module: str, constraint: str) -> None:
    provider = MAP.provider(module)

    assert provider is not None
    assert provider.conda_constraint == constraint


def test_a_package_that_only_conda_forge_has() -> None:
    assert MAP.provider("ROOT") == Provider("ROOT", "", "root")


@pytest.mark.parametrize(
    ("pypi", "conda"),
    [
        ("Ruamel.YAML", "ruamel.yaml"),
        ("ruamel_yaml", "ruamel.yaml"),
        ("torch", "pytorch"),
        ("Pillow", "pillow"),
        ("NumPy", "numpy"),
        ("attr", None),
        ("no-such-distribution", None),
    ],
)
def test_conda_names_of_distributions(pypi: str, conda: str | None) -> None:
    assert MAP.conda_name(pypi) == conda


@pytest.mark.parametrize(
    ("pypi", "candidate"),
    [
        ("torch", "pytorch"),
        ("no-such-distribution", "no-such-distribution"),
        ("git", None),
        ("jq", None),
    ],
)
def test_the_name_to_look_for_on_a_channel(pypi: str, candidate: str | None) -> None:
    assert MAP.conda_candidate(pypi) == candidate


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        ("pytorch", "torch"),
        ("numpy", "numpy"),
        ("ruamel.yaml", "ruamel-yaml"),
        ("typing_extensions", "typing-extensions"),
        ("redis-py", "redis"),
        ("matplotlib-base", "matplotlib"),
        ("libcurl", None),
    ],
)
def test_distributions_of_conda_names(conda: str, pypi: str | None) -> None:
    assert MAP.pypi_name(conda) == pypi


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        ("py-opencv", {"opencv-python", "opencv-python-headless", "opencv-contrib-python"}),
        ("opt_einsum", {"opt-einsum"}),
        ("ruamel_yaml", {"ruamel-yaml"}),
        ("matplotlib", {"matplotlib"}),
        ("dask-core", {"dask"}),
        ("tensorflow-base", {"tensorflow"}),
        ("redis", set()),
        ("graphviz", set()),
        ("", set()),
    ],
)
def test_everything_that_a_conda_package_stands_for(conda: str, pypi: set[str]) -> None:
    found = MAP.pypi_names(conda)

    assert pypi <= set(found)
    assert bool(pypi) == bool(found)


@pytest.mark.parametrize(
    ("pypi", "modules"),
    [
        ("PyYAML", {"yaml"}),
        ("requests", {"requests"}),
        ("Ruamel.YAML", {"ruamel.yaml"}),
        ("google-auth", {"google.auth", "google.oauth2"}),
        ("setuptools", {"setuptools", "pkg_resources"}),
        ("no-such-distribution", set()),
    ],
)
def test_modules_of_distributions(pypi: str, modules: set[str]) -> None:
    found = set(MAP.modules(pypi))

    assert modules <= found
    assert bool(modules) == bool(found)


@pytest.mark.parametrize(("pypi", "known"), [("Flask", True), ("no-such-distribution", False)])
def test_known_distributions(pypi: str, known: bool) -> None:
    assert MAP.knows(pypi) is known


@pytest.mark.parametrize(
    ("module", "host"),
    [
        ("arcpy", "ArcGIS"),
        ("bpy.types", "Blender"),
        ("hou", "Houdini"),
        ("idaapi", "IDA"),
        ("maya.cmds", "Maya"),
        ("numpy", None),
        ("google.cloud", None),
    ],
)
def test_host_applications(module: str, host: str | None) -> None:
    assert host_application(module) == host


def test_the_map_is_small_dated_and_loaded_once() -> None:
    assert sum(table.stat().st_size for table in TABLES) < 950_000
    assert MAP.date >= "2026-11-22"
    assert ImportMap.bundled() is MAP


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_are_sorted_and_have_one_line_a_name(table: Path) -> None:
    title, *lines = table.read_bytes().splitlines()
    keys = [line.partition(b"\t")[0] for line in lines]

    assert title.startswith(b"# ")
    assert lines == sorted(lines)
    assert len(set(keys)) == len(keys)


def test_every_supplier_is_a_known_distribution() -> None:
    imports, distributions = (
        [line.split("\t") for line in table.read_text("utf-8").splitlines()[1:]] for table in TABLES
    )
    suppliers = {
        row[1] if len(row) > 1 else normalized(row[0])
        for row in imports
        if not row[0].endswith(".*")
    }
    conda_only = {name for name in suppliers if name.startswith("conda:")}

    assert suppliers - conda_only <= {row[0] for row in distributions}


def test_every_module_is_one_that_python_can_import() -> None:
    for line in TABLES[0].read_text("utf-8").splitlines()[1:]:
        parts = line.partition("\t")[0].removesuffix(".*").split(".")
        assert all(part.isidentifier() for part in parts)
        assert not keyword.iskeyword(parts[0]) or parts[0] == "async"


@given(st.text(max_size=40))
def test_any_text_is_looked_up_without_error(text: str) -> None:
    provider = MAP.provider(text)

    assert provider is None or text.startswith(provider.module)
    assert all(child.startswith(f"{text}.") for child in MAP.namespace(text))
    assert normalized(normalized(text)) == normalized(text)
