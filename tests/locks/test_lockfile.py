"""The lock files: written deterministically, read by their real readers, damage noticed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conda_lock.content_hash import backwards_compatible_content_hashes
from conda_lock.lockfile import parse_conda_lock_file
from conda_lock.src_parser import make_lock_spec
from conda_lock.virtual_package import default_virtual_package_repodata
from hypothesis import given
from hypothesis import strategies as st

from condavision.core.model import (
    Lock,
    LockedPackage,
    LockRecord,
    Manager,
    Requirement,
    Requirements,
)
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import PythonRange
from condavision.errors import LockfileError
from condavision.locks.lockfile import (
    digest_of,
    lock_path,
    parse_lock,
    read_lock,
    render,
    write_lock,
)
from condavision.system.documents import read_lock_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

HASH = "0123456789abcdef"
CHANNELS = ("conda-forge", "https://example.com/my channel")


def conda(name: str, version: str, platform: str, **dependencies: str) -> LockedPackage:
    return LockedPackage(
        Manager.CONDA,
        name,
        version,
        platform,
        f"https://example.com/my channel/{platform}/{name}-{version}-h1_0.conda",
        sha256="a" * 64,
        md5="b" * 32,
        build="h1_0",
        dependencies=dependencies,
    )


def wheel(name: str, version: str, platform: str) -> LockedPackage:
    url = f"https://example.com/{name}-{version}-py3-none-any.whl"
    return LockedPackage(Manager.PYPI, name, version, platform, url, sha256="c" * 64)


def sample(*platforms: str, pip: bool = False, differ: bool = False) -> Lock:
    packages = []
    for platform in platforms:
        version = "2.0" if differ and platform == platforms[-1] else "1.26.4"
        packages += [
            conda("numpy", version, platform, python=">=3.12,<3.13.0a0"),
            *([conda("pip", "24.0", platform)] if pip else []),
            conda("python", "3.12.1", platform, on="1e3", bzip2=">=1.0.8,<2.0a0"),
            *([wheel("icecream", "2.1.3", platform)] if pip else []),
        ]
    return Lock(HASH, CHANNELS, platforms, tuple(packages), LockRecord(python=">=3.12"))


REQUIREMENTS = Requirements(
    PythonRange.at_least(3, 12),
    (
        Requirement(Manager.PYPI, "icecream", extras=("extra",)),
        Requirement(Manager.PYPI, "numpy", conda="numpy"),
    ),
    CHANNELS,
)

LOCKS = {
    "one platform": sample("linux-64"),
    "every platform": sample(*PLATFORMS),
    "every platform, with PyPI": sample(*PLATFORMS, pip=True),
    "with PyPI": sample("linux-64", "osx-arm64", pip=True),
    "platforms that cannot agree": sample("linux-64", "win-64", differ=True),
    "disagreeing, with PyPI": sample("linux-64", "osx-64", pip=True, differ=True),
}


@pytest.fixture(params=list(LOCKS.values()), ids=list(LOCKS))
def lock(request: pytest.FixtureRequest) -> Lock:
    found: Lock = request.param
    return found


def test_what_is_written_is_read(lock: Lock, tmp_path: Path) -> None:
    assert read_lock(write_lock(tmp_path, lock, REQUIREMENTS)) == lock


def test_equal_locks_give_equal_bytes(lock: Lock) -> None:
    changes = {"b": "2", "a": "1"}
    one, other = changes, dict(sorted(changes.items()))
    lock = dataclasses.replace(lock, record=dataclasses.replace(lock.record, overrides=one))
    again = dataclasses.replace(lock, record=dataclasses.replace(lock.record, overrides=other))
    assert render(lock, REQUIREMENTS) == render(again, REQUIREMENTS)


def test_it_has_what_the_conda_plugin_requires(lock: Lock) -> None:
    """conda-lockfiles 0.2.2, ``conda_lock/v1.py``: a string, where there is custom metadata."""
    custom = yaml.safe_load(render(lock, REQUIREMENTS)[f"{HASH}.conda-lock.yml"])["metadata"]
    assert custom["custom_metadata"]["created_by"] == "condavision"


def test_a_lock_of_an_earlier_release_is_still_valid(lock: Lock, tmp_path: Path) -> None:
    name = f"{HASH}.conda-lock.yml"
    document = yaml.safe_load(render(lock, REQUIREMENTS)[name])
    custom = document["metadata"]["custom_metadata"]
    del custom["created_by"], custom["document_sha256"]
    content = json.dumps(document, sort_keys=True, separators=(",", ":"))
    custom["document_sha256"] = hashlib.sha256(content.encode()).hexdigest()
    (tmp_path / name).write_text(yaml.safe_dump(document))
    assert read_lock(tmp_path / name) == lock


def test_conda_lock_reads_it(lock: Lock, tmp_path: Path) -> None:
    content = parse_conda_lock_file(write_lock(tmp_path, lock, REQUIREMENTS))
    assert {(package.name, package.version, package.platform) for package in content.package} == {
        (package.name, package.version, package.platform) for package in lock.packages
    }


def test_conda_lock_accepts_its_hash_against_its_environment(lock: Lock, tmp_path: Path) -> None:
    path = write_lock(tmp_path, lock, REQUIREMENTS)
    recorded = parse_conda_lock_file(path).metadata
    mapping = tmp_path / "mapping.json"
    mapping.write_text("{}")
    virtual_packages = default_virtual_package_repodata()
    for platform in lock.platforms:
        spec = make_lock_spec(
            src_files=[tmp_path / name for name in recorded.sources],
            mapping_url=mapping.as_uri(),
        )
        assert set(spec.platforms) == set(lock.platforms)
        accepted = backwards_compatible_content_hashes(spec, virtual_packages, platform)
        assert recorded.content_hash[platform] in accepted


def test_platforms_share_an_environment_file_while_they_agree(tmp_path: Path) -> None:
    write_lock(tmp_path, LOCKS["platforms that cannot agree"], REQUIREMENTS)
    assert {path.name for path in tmp_path.glob("*.environment.yml")} == {
        f"{HASH}.linux-64.environment.yml",
        f"{HASH}.win-64.environment.yml",
    }
    write_lock(tmp_path, LOCKS["every platform"], REQUIREMENTS)
    assert [path.name for path in tmp_path.glob("*.environment.yml")] == [f"{HASH}.environment.yml"]


def test_pip_is_listed_exactly_where_there_are_pip_entries(lock: Lock) -> None:
    for name, text in render(lock, REQUIREMENTS).items():
        if "environment" in name:
            dependencies = yaml.safe_load(text)["dependencies"]
            has_pip_entries = any(isinstance(item, dict) for item in dependencies)
            assert ("pip ==24.0" in dependencies) == has_pip_entries


WORDS = st.sampled_from(
    ["on", "1e3", "1_0", "0o7", "1:30", "null", "~", "2026-01-02", "1.10", "=="]
)


@given(version=WORDS | st.text("0123456789.abc_+!", min_size=1), name=WORDS)
def test_readers_of_yaml_1_1_see_the_same_text(version: str, name: str) -> None:
    package = dataclasses.replace(
        wheel("x", "1", "linux-64"), version=version, dependencies={name: version}
    )
    lock = Lock(HASH, ("conda-forge",), ("linux-64",), (package,), LockRecord(python=version))
    text = render(lock, REQUIREMENTS)[f"{HASH}.conda-lock.yml"]
    assert parse_lock(text, Path(f"{HASH}.conda-lock.yml")) == lock


def _truncate(text: str) -> str:
    return text[: text.rindex("  - name:")]


def _cut(text: str) -> str:
    return text[: len(text) // 2]


DAMAGE = {
    "cut in the middle": _cut,
    "cut between two packages": _truncate,
    "another hash": lambda text: text.replace("a" * 64, "d" * 64, 1),
    "another url": lambda text: text.replace("example.com", "evil.example", 1),
    "empty": lambda _: "",
    "not YAML": lambda _: "a: [",
    "something else": lambda _: "[1, 2]",
    "a merge conflict": lambda text: f"<<<<<<< HEAD\n{text}",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_noticed(damage: object, tmp_path: Path) -> None:
    path = write_lock(tmp_path, LOCKS["one platform"], REQUIREMENTS)
    path.write_text(damage(path.read_text()))  # type: ignore[operator]
    with pytest.raises(LockfileError, match=path.name) as raised:
        read_lock(path)
    assert "\n" not in raised.value.message
    assert raised.value.hints


def fields_of(document: object, path: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to each value in a document, that of one package for all."""
    if path:
        yield path
    inner = {0: document[0]} if isinstance(document, list) and document else document
    for key, value in inner.items() if isinstance(inner, dict) else ():
        yield from fields_of(value, (*path, key))


@pytest.mark.parametrize("value", [None, 1, [1], {1: "x"}, ...])
def test_no_field_has_another_type(value: object) -> None:
    """``...`` stands for a field that is missing."""
    text = render(LOCKS["with PyPI"], REQUIREMENTS)[f"{HASH}.conda-lock.yml"]
    for *above, last in fields_of(read_lock_yaml(text)):
        document = holder = read_lock_yaml(text)
        for key in above:
            holder = holder[key]
        holder[last] = value
        if value is ...:
            del holder[last]
        with suppress(KeyError, TypeError, AttributeError):
            document["metadata"]["custom_metadata"].pop("document_sha256")
            document["metadata"]["custom_metadata"]["document_sha256"] = digest_of(document)
        with suppress(LockfileError):
            lock = parse_lock(yaml.safe_dump(document), Path(f"{HASH}.conda-lock.yml"))
            assert all(isinstance(it, str) for it in texts_of(lock)), (*above, last)


def texts_of(lock: Lock) -> Iterator[object]:
    yield from (lock.hash, *lock.channels, *lock.platforms)
    for it in lock.packages:
        yield from (it.name, it.version, it.platform, it.url, it.sha256, it.md5 or "")
        yield from (it.build or "", *it.dependencies, *it.dependencies.values())


def test_a_lock_under_another_name_is_refused(tmp_path: Path) -> None:
    path = write_lock(tmp_path, LOCKS["one platform"], REQUIREMENTS)
    other = lock_path(tmp_path, "f" * 16)
    path.rename(other)
    with pytest.raises(LockfileError, match="another requirement set"):
        read_lock(other)
