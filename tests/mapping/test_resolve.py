"""Which package an import needs, who decided, and what enters the requirement set."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from condavision.core.model import (
    Analysis,
    Declared,
    DeclaredText,
    Import,
    ImportKind,
    Manager,
    ScriptMetadata,
    SourceLocation,
)
from condavision.core.origin import Origin, OriginReason, OriginRule
from condavision.core.pythons import PythonRange
from condavision.core.specs import conda_candidates
from condavision.errors import ConfigError, UnknownImportError
from condavision.inference.requirements import derive, require_known
from condavision.locks.record import describe
from condavision.mapping.decisions import Mapped
from condavision.mapping.import_map import ImportMap
from condavision.project.config import Config

HERE = SourceLocation("s.py", 7)
MAP = ImportMap.bundled()


def analysis(*imports: Import, metadata: ScriptMetadata | None = None) -> Analysis:
    return Analysis(
        Path("s.py"),
        imports,
        PythonRange(),
        (),
        metadata or ScriptMetadata(),
        files=(),
    )


def required(name: str, *members: str, kind: ImportKind = ImportKind.REQUIRED) -> Import:
    return Import(name, HERE, kind, members=members)


def requirements(found: Analysis, **settings: object) -> str:
    config = Config(root=Path("/nowhere"), **settings)  # type: ignore[arg-type]
    return "; ".join(describe(derive(found, config, MAP)[0]).requirements)


MAPPED = [
    (required("yaml"), "pyyaml"),
    (required("PIL.Image"), "pillow"),
    (required("PIL", "Image"), "pillow"),
    (required("google.cloud", "storage"), "google-cloud-storage"),
    (
        required("google.cloud", "storage", "bigquery"),
        "google-cloud-bigquery; google-cloud-storage",
    ),
    (required("google.cloud.storage.blob"), "google-cloud-storage"),
    (required("ruamel", "yaml"), "ruamel-yaml"),
    (required("mpl_toolkits.mplot3d"), "matplotlib"),
    (required("flask.ext.wtf", "Form"), "flask; flask-wtf"),
    (required("flask.ext", "wtf"), "flask-wtf"),
    (required("flaskext.babel", "Babel"), "flask-babel"),
    (required("haystack", "indexes"), "django-haystack"),
    (required("haystack", "Pipeline"), "haystack-ai"),
    (required("yaml", kind=ImportKind.DYNAMIC), "pyyaml"),
    (required("pkg_resources"), "setuptools <82"),
    (required("setuptools"), "setuptools"),
    (required("moviepy.editor", "VideoFileClip"), "moviepy <2"),
    (required("moviepy", "Clip", "editor"), "moviepy <2"),
    (required("cv2", "cv2"), "opencv-python <4.6"),
    (required("django.db.backends.creation", "BaseDatabaseCreation"), "django <1.8"),
    (required("numpy.core._multiarray_umath", "_ARRAY_API"), "numpy <2"),
    (required("moviepy", "editor"), "moviepy <2"),
    (required("moviepy", "VideoFileClip"), "moviepy"),
    (required("yaml", kind=ImportKind.OPTIONAL), ""),
    (required("yaml", kind=ImportKind.FALLBACK), ""),
    (required("yaml", kind=ImportKind.TYPING), ""),
    (required("yaml", kind=ImportKind.VERSION), ""),
    (Import("win32api", HERE, ImportKind.PLATFORM, platforms=frozenset({"win"})), "pywin32 on win"),
    (Import("json", HERE, origin=Origin.STDLIB), ""),
    (Import("mine", HERE, origin=Origin.LOCAL), ""),
    (required("no_such_module_at_all.x"), "import no_such_module_at_all"),
    (required("google.cloud", "no_such_thing"), "import google.cloud.no_such_thing"),
    (required("airflow.providers.amazon.hooks"), "apache-airflow-providers-amazon"),
    (required("airflow.providers.no_such.hooks"), "import airflow.providers.no_such.hooks"),
    (required("airflow.providers", "no_such"), "import airflow.providers.no_such"),
    (required("airflow.models", "DAG"), "apache-airflow"),
    (
        required("livekit.plugins", "openai", "no_such"),
        "import livekit.plugins.no_such; livekit-plugins-openai",
    ),
    (required("opentelemetry.instrumentation.utils"), "opentelemetry-instrumentation"),
    (
        required("opentelemetry.instrumentation.no_such"),
        "import opentelemetry.instrumentation.no_such",
    ),
    (required("dbt.adapters.base", "BaseAdapter"), "dbt-adapters"),
    (required("dbt.adapters", "Plugin"), "dbt-adapters"),
    (required("diffpy.no_such"), "import diffpy.no_such"),
    (required("azure.purview.no_such"), "import azure.purview.no_such"),
]


@pytest.mark.parametrize(("imported", "expected"), MAPPED)
def test_imports_become_requirements(imported: Import, expected: str) -> None:
    assert requirements(analysis(imported)) == expected


def absent(name: str, namespace: str) -> Import:
    return Import(name, HERE, reason=OriginReason(OriginRule.ABSENT_PART, namespace))


ABSENT = [
    (absent("acme.cloud.store", "acme"), "import acme.cloud.store"),  # not PyPI's acme
    (absent("acme.core.x", "acme.core"), "import acme.core.x"),
    (absent("google.cloud.storage.blob", "google.cloud"), "google-cloud-storage"),
    (absent("ruamel.yaml", "ruamel"), "ruamel-yaml"),
]


@pytest.mark.parametrize(("imported", "expected"), ABSENT)
def test_an_absent_part_comes_from_another_part_of_the_namespace(
    imported: Import, expected: str
) -> None:
    found = analysis(imported)

    assert requirements(found) == expected
    assert requirements(found, imports={imported.name: "pypi:mine"}) == "mine"
    (decided,) = derive(found, Config(root=Path("/nowhere")), MAP)[1]
    assert decided.refused == expected.startswith("import ")


def test_the_versions_without_a_module_are_left_out_whatever_else_is_imported() -> None:
    found = analysis(required("setuptools"), required("pkg_resources.extern"))

    assert requirements(found) == "setuptools <82"


def test_what_is_left_to_a_declaration_is_not_required_on_some_pythons_either() -> None:
    audioop = Import(
        *("audioop", HERE, ImportKind.IMPLIED),
        implied_by="pydub",
        needed_on=PythonRange.at_least(3, 13),
    )
    declared = ScriptMetadata(dependencies=(Declared(Manager.PYPI, "pydub", HERE),))

    assert requirements(analysis(audioop)) == "audioop-lts with Python >=3.13"
    assert requirements(analysis(audioop, metadata=declared)) == "pydub"


def test_an_import_of_two_libraries_means_the_one_that_is_needed_anyway() -> None:
    haystack = required("haystack", "site")

    assert requirements(analysis(haystack)) == "haystack-ai"
    for certain in (required("haystack.indexes"), required("haystack", "fields")):
        assert requirements(analysis(haystack, certain)) == "django-haystack"


def test_a_namesake_is_itself_whatever_else_is_needed() -> None:
    found = analysis(required("pytorch_lightning"), required("lightning"))

    assert requirements(found) == "lightning; pytorch-lightning"


def implied(name: str, by: str) -> Import:
    return Import(name, HERE, ImportKind.IMPLIED, implied_by=by)


def test_what_nobody_imports_is_required_and_says_why() -> None:
    found = analysis(implied("openpyxl", "pandas.read_excel"))
    _, (resolution,) = derive(found, Config(root=Path("/nowhere")), MAP)

    assert requirements(found) == "openpyxl"
    assert resolution.decision == Mapped("openpyxl", MAP.date)
    assert requirements(found, imports={"openpyxl": ""}) == ""
    assert requirements(found, imports={"openpyxl": "pypi:openpyxl==3.0"}) == "openpyxl ==3.0"


def test_what_nobody_imports_nor_knows_is_not_asked_for() -> None:
    assert requirements(analysis(implied("polls_of_ours", "INSTALLED_APPS"))) == ""


@pytest.mark.parametrize("spec", ["pandas", "pandas[excel]>=2"])
def test_who_declares_the_caller_declares_what_it_needs(spec: str) -> None:
    metadata = ScriptMetadata(dependencies=(Declared(Manager.PYPI, spec, HERE),))
    found = analysis(implied("openpyxl", "pandas.read_excel"), metadata=metadata)

    assert "openpyxl" not in requirements(found)


def test_optional_imports_enter_where_that_is_wished() -> None:
    found = analysis(required("yaml", kind=ImportKind.OPTIONAL))
    assert requirements(found, optional_imports=True) == "pyyaml"


OVERRIDES = [
    ({"cv2": "opencv >=4"}, "conda:opencv >=4"),
    ({"cv2": "pypi:opencv-python-headless[x]>=4,<5"}, "opencv-python-headless[x] <5,>=4"),
    ({"cv2": ""}, ""),
    ({"cv2": "bioconda::own-cv 1.*"}, "conda:own-cv 1.*[channel=bioconda]"),
    ({"other": "thing"}, "opencv-python"),
]


@pytest.mark.parametrize(("overrides", "expected"), OVERRIDES)
def test_overrides_win(overrides: dict[str, str], expected: str) -> None:
    assert requirements(analysis(required("cv2")), imports=overrides) == expected


def test_the_script_s_own_override_wins_over_the_project_s() -> None:
    metadata = ScriptMetadata(imports={"cv2": DeclaredText("mine", HERE)})
    found = analysis(required("cv2"), metadata=metadata)
    assert requirements(found, imports={"cv2": "theirs"}) == "conda:mine"


def declared(manager: Manager, *texts: str) -> ScriptMetadata:
    return ScriptMetadata(dependencies=tuple(Declared(manager, text, HERE) for text in texts))


DECLARED = [
    # what is declared and imported is one requirement, under the declared name
    (Manager.PYPI, ["PyYAML>=5"], "yaml", "pyyaml >=5"),
    (Manager.PYPI, ["opencv-python-headless"], "cv2", "opencv-python-headless"),
    (Manager.CONDA, ["pyyaml >=5"], "yaml", "conda:pyyaml >=5"),
    (Manager.CONDA, ["python-dateutil"], "dateutil", "conda:python-dateutil"),
    (Manager.CONDA, ["pytorch=2.*"], "torch", "conda:pytorch =2.*"),
    # a declared name that no map knows still answers the import of that name
    (Manager.PYPI, ["our-own-thing"], "our_own_thing.part", "our-own-thing"),
    # what is imported and not declared is inferred
    (Manager.PYPI, ["requests"], "yaml", "pyyaml; requests"),
]


@pytest.mark.parametrize(("manager", "texts", "module", "expected"), DECLARED)
def test_what_is_declared_wins(
    manager: Manager, texts: list[str], module: str, expected: str
) -> None:
    found = analysis(required(module), metadata=declared(manager, *texts))
    assert requirements(found) == expected


def test_constraints_from_several_places_all_hold() -> None:
    found = analysis(metadata=declared(Manager.PYPI, "x>=1", "x<3", "x[a]"))
    assert requirements(found) == "x[a] <3,>=1"


@pytest.mark.parametrize(
    ("manager", "text"),
    [
        (Manager.PYPI, "not a requirement"),
        (Manager.PYPI, "x @ https://example.com/x.whl"),
        (Manager.CONDA, "!!"),
    ],
)
def test_a_malformed_declaration_is_named_with_its_line(manager: Manager, text: str) -> None:
    with pytest.raises(ConfigError, match=r"s\.py:7"):
        requirements(analysis(metadata=declared(manager, text)))


def test_unknown_imports_are_listed_with_near_names_and_what_to_type() -> None:
    found = analysis(required("pandass"), required("bpy"), required("yaml"))
    set_ = derive(found, Config(root=Path("/nowhere")), MAP)[0]
    with pytest.raises(UnknownImportError) as raised:
        require_known(set_.requirements, MAP)
    lines = raised.value.message.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("s.py:7: no known package for `import bpy`")
    assert "Blender" in lines[0]
    assert "pandas" in lines[1]
    assert "did you mean `import pandas`? then correct s.py:7" in raised.value.hints


@pytest.mark.parametrize(
    ("module", "meant"),
    [("reqeusts", "requests"), ("colections", "collections"), ("asyncoi", "asyncio")]
    + [(it, None) for it in ("config", "helpers", "mylib", "settings", "acme_crm", "bpy")],
)
def test_a_misspelt_import_is_corrected_before_a_package_is_named(
    module: str, meant: str | None
) -> None:
    set_ = derive(analysis(required(module)), Config(root=Path("/nowhere")), MAP)[0]
    with pytest.raises(UnknownImportError) as raised:
        require_known(set_.requirements, MAP)
    first = raised.value.hints[0]
    assert first.startswith(f"did you mean `import {meant}`?" if meant else "if the import is")


def test_no_package_is_named_for_a_misspelt_import_among_others() -> None:
    set_ = derive(
        analysis(required("pandass"), required("acme_crm")), Config(root=Path("/nowhere")), MAP
    )[0]
    with pytest.raises(UnknownImportError) as raised:
        require_known(set_.requirements, MAP)
    assert "did you mean `import pandas`?" in raised.value.hints[0]
    assert raised.value.hints[1].splitlines()[1::2] == ["[imports]", 'acme_crm = "pypi:<name>"']


@pytest.mark.parametrize(
    ("package", "module"), [("PyYAML", "yaml"), ("beautifulsoup4", "bs4"), ("pytorch", "torch")]
)
def test_no_package_is_named_or_found_for_the_name_of_one_with_another_module(
    package: str, module: str
) -> None:
    set_ = derive(analysis(required(package)), Config(root=Path("/nowhere")), MAP)[0]
    with pytest.raises(UnknownImportError) as raised:
        require_known(set_.requirements, MAP)
    assert f"({package} is a package with the module {module})" in raised.value.message
    assert list(raised.value.hints) == [f"did you mean `import {module}`? then correct s.py:7"]
    assert [conda_candidates(it) for it in set_.requirements] == [()]


@pytest.mark.parametrize("module", ["acme_crm", "helper.load", "größe"])
def test_what_to_add_is_toml_that_nobody_locks_unfilled(module: str) -> None:
    found = analysis(required(module))
    set_ = derive(found, Config(root=Path("/nowhere")), MAP)[0]
    with pytest.raises(UnknownImportError) as raised:
        require_known(set_.requirements, MAP)
    lines = tomllib.loads(raised.value.hints[0].partition("\n")[2])
    assert lines == {"imports": {module: "pypi:<name>"}}
    config = Config(root=Path("/nowhere"), imports=lines["imports"])
    with pytest.raises(ConfigError, match="`<name>` is not a requirement"):
        derive(found, config, MAP)
