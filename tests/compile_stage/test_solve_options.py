"""The terms of a lock: cut-off dates, virtual packages; what they do, record and make stale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import yaml

from condavision.core.model import LockRecord
from condavision.core.platforms import PLATFORMS, virtual_packages
from condavision.inference.staleness import option_changes
from condavision.locks.record import parse_record, record_fields
from condavision.project.solve_options import SolveOptions, cutoff
from tests.compile_stage.conftest import package, versions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import SmallChannel

NOW = datetime(2026, 3, 10, 12, 30, 15, 999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("7d", "2026-03-03T12:30:15+00:00"),
        ("36h", "2026-03-09T00:30:15+00:00"),
        ("2w", "2026-02-24T12:30:15+00:00"),
        ("2026-01-31", "2026-02-01T00:00:00+00:00"),
        ("2026-01-31T10:00:00Z", "2026-01-31T10:00:00+00:00"),
        ("2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00+00:00"),
        ("2026-01-31T10:00:00", "2026-01-31T10:00:00+00:00"),
    ],
)
def test_cutoffs(text: str, instant: str) -> None:
    assert cutoff(text, NOW).isoformat() == instant


@pytest.mark.parametrize("text", ["", "7", "7 years", "d", "-7d", "yesterday", "2026-13-01"])
def test_what_is_no_cutoff(text: str) -> None:
    with pytest.raises(ValueError, match="an age"):
        cutoff(text, NOW)


def test_a_lock_fits_a_cutoff_it_was_made_under() -> None:
    asked = SolveOptions(exclude_newer=NOW)
    cutoffs = {
        None: True,
        NOW + timedelta(seconds=1): True,
        NOW: False,
        NOW.replace(year=2025): False,
    }
    for recorded, is_stale in cutoffs.items():
        record = LockRecord(exclude_newer=recorded)
        assert bool(option_changes(record, asked)) == is_stale
        assert not option_changes(record, SolveOptions())


@pytest.fixture
def dated(command: CommandLine, small_channel: SmallChannel) -> CommandLine:
    """A project on a channel that got a newer, and an undated, version."""
    small_channel.add(
        package("requests", "1.0", date="2025-06-01"),
        package("requests", "2.0", date="2025-08-01"),
        package("requests", "3.0", date=""),
    )
    return command


def recorded(command: CommandLine) -> dict[str, str]:
    (path,) = (command.folder / "locks").glob("*.conda-lock.yml")
    found: dict[str, str] = yaml.safe_load(path.read_text())["metadata"]["custom_metadata"]
    return found


def test_nothing_newer_is_locked_and_the_lock_says_so(dated: CommandLine) -> None:
    assert versions(dated("lock", "web.py", "--json"))["requests"] == "3.0"
    old = dated("lock", "web.py", "--json", "--exclude-newer", "2025-07-01")
    assert versions(old)["requests"] == "1.0"
    assert recorded(dated)["exclude_newer"] == "2025-07-02T00:00:00Z"
    newer = dated("lock", "web.py", "--json", "--exclude-newer", "2025-08-01")
    assert newer.json()[0]["status"] == "reused"
    too_old = dated("lock", "web.py", "--exclude-newer", "2025-01-01", "--upgrade")
    assert too_old.code == 67
    assert "after the cutoff date" in too_old.err
    assert "--exclude-newer LATER-DATE" in too_old.err
    assert dated("lock", "web.py", "--exclude-newer", "soon").code == 2


def test_an_age_is_recorded_as_an_instant_that_locks_the_same_again(dated: CommandLine) -> None:
    dated("lock", "web.py", "--exclude-newer", "7d").ok()
    (path,) = (dated.folder / "locks").glob("*.conda-lock.yml")
    before = path.read_bytes()
    instant = recorded(dated)["exclude_newer"]
    path.unlink()
    dated("lock", "web.py", "--exclude-newer", instant).ok()
    assert path.read_bytes() == before


def test_the_setting_makes_an_older_lock_stale(dated: CommandLine) -> None:
    dated("lock", "web.py").ok()
    with (dated.folder / "condavision.toml").open("a") as stream:
        stream.write('exclude-newer = "2025-07-01"\n')
    (checked,) = dated("check", "web.py", "--json").json()
    assert checked["state"] == "stale"
    assert "limited to 2025-07-02" in checked["notes"][0]
    assert versions(dated("lock", "web.py", "--json"))["requests"] == "1.0"
    dated("check", "web.py").ok()


def test_a_seed_newer_than_the_cutoff_is_not_kept(dated: CommandLine) -> None:
    dated("lock", "web.py").ok()
    found = versions(dated("lock", "web.py", "--json", "--exclude-newer", "2025-09-01"))
    assert found["requests"] == "2.0"


CHANGES = {"__glibc": "2.17", "linux-64/__cuda": "12.4", "win-64/__cuda": "", "osx-64/__x": "1 y"}


def test_virtual_packages_are_changed_where_they_are() -> None:
    assert ("__glibc", "2.17", "") in virtual_packages("linux-aarch64", CHANGES)
    assert ("__cuda", "12.4", "") in virtual_packages("linux-64", CHANGES)
    assert "__cuda" not in {name for name, *_ in virtual_packages("win-64", CHANGES)}
    assert ("__x", "1", "y") in virtual_packages("osx-64", CHANGES)
    assert "__glibc" not in {name for name, *_ in virtual_packages("osx-64", CHANGES)}
    assert virtual_packages("osx-arm64", CHANGES) == PLATFORMS["osx-arm64"].virtual_packages
    record = LockRecord(virtual_packages=CHANGES)
    assert parse_record(record_fields(record)) == record


def test_virtual_packages_of_the_project_decide(
    command: CommandLine, small_channel: SmallChannel
) -> None:
    new, old = (
        package("requests", version, f"__glibc >={glibc}", subdir="linux-64")
        for version, glibc in (("2.0", "2.28"), ("1.0", "2.17"))
    )
    small_channel.add(new, old)
    assert versions(command("lock", "web.py", "--json"))["requests"] == "2.0"
    config = command.folder / "condavision.toml"
    plain = config.read_text()
    config.write_text(f'{plain}virtual-packages = {{ __glibc = "2.17" }}\n')
    (checked,) = command("check", "web.py", "--json").json()
    assert (checked["state"], checked["code"]) == ("stale", 71)
    assert versions(command("lock", "web.py", "--json"))["requests"] == "1.0"
    assert recorded(command)["virtual_packages"] == "__glibc=2.17"
    (given,) = (command.folder / "locks").glob("*.virtual-packages.yml")
    asked = yaml.safe_load(given.read_text())["subdirs"]["linux-64"]["packages"]
    assert (asked["__glibc"], asked["__archspec"]) == ("2.17", "1 x86_64")
    command("check", "web.py").ok()
    config.write_text(plain)
    command("lock", "web.py").ok()
    assert not given.exists()
    for wrong in (
        '"2.17"',
        '{ glibc = "2.17" }',
        "{ __glibc = 2 }",
        '{ linux = { __cuda = "1" } }',
    ):
        config.write_text(f"{plain}virtual-packages = {wrong}\n")
        assert command("lock", "web.py").code == 2


def test_conda_lock_computes_the_same_hash_with_these_virtual_packages(
    command: CommandLine, small_channel: SmallChannel, tmp_path: Path
) -> None:
    from conda_lock.content_hash import backwards_compatible_content_hashes
    from conda_lock.src_parser.environment_yaml import parse_environment_file
    from conda_lock.virtual_package import virtual_package_repo_from_specification

    small_channel.add(package("requests", "1.0"))
    with (command.folder / "condavision.toml").open("a") as stream:
        stream.write('virtual-packages = { __glibc = "2.17", linux-64 = { __cuda = "" } }\n')
    command("lock", "web.py").ok()
    (path,) = (command.folder / "locks").glob("*.conda-lock.yml")
    content = yaml.safe_load(path.read_text())["metadata"]["content_hash"]
    names = {
        name: f"{version} {build}".strip()
        for name, version, build in virtual_packages(
            "linux-64", parse_record(recorded(command)).virtual_packages
        )
    }
    spec = tmp_path / "virtual-packages.yml"
    spec.write_text(yaml.safe_dump({"subdirs": {"linux-64": {"packages": names}}}))
    mapping = tmp_path / "mapping.json"
    mapping.write_text("{}")
    (source,) = (command.folder / "locks").glob("*.environment.yml")
    wanted = parse_environment_file(source, ["linux-64"], mapping_url=mapping.as_uri())
    found = virtual_package_repo_from_specification(spec)
    assert content["linux-64"] in backwards_compatible_content_hashes(wanted, found, "linux-64")
