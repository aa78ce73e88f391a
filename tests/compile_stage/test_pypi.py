"""The PyPI side of a lock: what goes with conda's side, which wheels, from which index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from condavision.core.platforms import current_subdir
from tests.channels.server import Fault
from tests.compile_stage.conftest import package, pythons

if TYPE_CHECKING:
    from tests.channels.server import Channel
    from tests.command_line import CommandLine, Finished
    from tests.compile_stage.conftest import SmallChannel
    from tests.compile_stage.wheels import WheelIndex

EVERYWHERE = ("--platform", "linux-64", "--platform", "osx-arm64", "--platform", "win-64")
NAMED = "# /// script\n# dependencies = [{}]\n# ///\n"


def lock(command: CommandLine, requirements: str, *options: str) -> Finished:
    (command.folder / "web.py").write_text(NAMED.format(requirements))
    return command("lock", "web.py", "--json", *options)


def packages(finished: Finished) -> list[dict[str, Any]]:
    path = Path(finished.ok().json()[0]["lock"])
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text())["package"]
    return [entry for entry in found if entry["manager"] == "pip"]


def test_what_conda_supplies_is_not_installed_twice(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(package("requests", "2.31"))
    index.add("addon", "1.0", "requests>=2", "extra_thing")
    index.add("extra_thing", "1.0")
    index.add("requests", "2.99")
    found = packages(lock(command, '"addon", "requests"'))
    assert [entry["name"] for entry in found] == ["addon", "extra-thing"]
    shown = command("lock", "web.py").ok().out
    assert "  addon (PyPI), requests " in shown, "what no channel has is marked"


def test_a_solve_asks_the_index_once_for_each_distribution(
    command: CommandLine, small_channel: SmallChannel, index_server: Channel, index: WheelIndex
) -> None:
    small_channel.add(package("requests", "2.31"))
    index.add("addon", "1.0", "requests>=2", "extra_thing")
    index.add("extra_thing", "1.0")
    assert packages(lock(command, '"addon", "requests"'))
    pages = [path for path in index_server.requested if path.startswith("/simple/")]
    assert sorted(pages) == ["/simple/addon/", "/simple/extra-thing/"]


def test_what_does_not_go_with_conda_is_refused(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(package("requests", "2.31"))
    index.add("addon", "1.0", "requests>=3")
    refused = lock(command, '"addon", "requests"')
    assert refused.code == 67
    assert "addon depend on requests>=3" in refused.err
    assert "2.31" in refused.err
    assert "+conda" not in refused.err
    assert "web.py:2" in refused.err
    assert not list((command.folder / "locks").glob("*.yml"))


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("opencv-python>=4.10.0.84", 0),
        ("opencv-python==4.10.0.84", 0),
        ("opencv-python-headless<4.10.1", 0),
        ("opencv-python", 0),
        ("opencv-python>=4.11", 67),
        ("opencv-python<4.10", 67),
    ],
)
def test_a_renamed_package_may_be_counted_on_where_pypi_has_it(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex, wanted: str, code: int
) -> None:
    small_channel.add(package("py-opencv", "4.10.0"))
    index.add("addon", "1.0", wanted)
    index.add("opencv_python", "4.10.0.84")
    finished = lock(command, '"addon", "opencv-python"')
    assert finished.code == code, finished.err
    if code:
        assert "conflict with conda packages" in finished.err
        assert "opencv-python" in finished.err
        assert "99999" not in finished.err
        assert "100000" not in finished.err, finished.err
    else:
        assert [entry["name"] for entry in packages(finished)] == ["addon"]


def test_each_platform_gets_its_wheel(command: CommandLine, index: WheelIndex) -> None:
    tags = {
        "linux-64": "cp312-cp312-manylinux_2_17_x86_64",
        "osx-arm64": "cp312-cp312-macosx_11_0_arm64",
        "win-64": "cp312-cp312-win_amd64",
    }
    for tag in (*tags.values(), "cp312-cp312-manylinux_2_34_x86_64", "py3-none-any"):
        index.add("compiled", "1.0", tag=tag)
    found = packages(lock(command, '"compiled"', *EVERYWHERE))
    assert {entry["platform"]: entry["url"].rpartition("-1.0-")[2] for entry in found} == {
        platform: f"{tag}.whl" for platform, tag in tags.items()
    }


def test_a_platform_without_a_wheel_is_named(command: CommandLine, index: WheelIndex) -> None:
    index.add("compiled", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    index.add("compiled", "1.0", tag="cp312-cp312-macosx_11_0_arm64")
    refused = lock(command, '"compiled"', *EVERYWHERE)
    assert refused.code == 67
    assert "its wheels on PyPI are for other platforms than win-64" in refused.err
    assert "omit win-64" in refused.err


def test_a_version_locked_before_is_kept(command: CommandLine, index: WheelIndex) -> None:
    index.add("one", "1.0")
    index.add("two", "1.0")
    lock(command, '"one"').ok()
    index.add("one", "2.0")
    kept = packages(lock(command, '"one", "two"'))
    assert {entry["name"]: entry["version"] for entry in kept} == {"one": "1.0", "two": "1.0"}
    moved = packages(lock(command, '"one", "two"', "--upgrade-package", "one"))
    assert {entry["name"]: entry["version"] for entry in moved} == {"one": "2.0", "two": "1.0"}


def test_a_folder_keeps_the_versions_of_all_scripts_that_it_joins(
    command: CommandLine, index: WheelIndex
) -> None:
    for name in ("one", "two"):
        index.add(name, "1.0")
        (command.folder / f"{name}.py").write_text(NAMED.format(f'"{name}"'))
    command("lock", "one.py", "two.py").ok()
    for name in ("one", "two"):
        index.add(name, "2.0")
    (command.folder / "web.py").unlink()
    joined = command("lock", "--together", ".").ok()
    assert "2 locks are no longer used; to remove them, run" in joined.err
    assert "changes of" not in joined.out, "none of the scripts' locks is the folder's former one"
    found = packages(command("lock", "--together", ".", "--json"))
    assert {entry["name"]: entry["version"] for entry in found} == {"one": "1.0", "two": "1.0"}
    moved = packages(command("lock", "--together", ".", "--upgrade-package", "two", "--json"))
    assert {entry["name"]: entry["version"] for entry in moved} == {"one": "1.0", "two": "2.0"}


def test_no_version_is_kept_for_another_python(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(*pythons("3.11.5"))
    index.add("one", "1.0")
    assert packages(lock(command, '"one"', "--python", "3.11"))[0]["version"] == "1.0"
    index.add("one", "2.0")
    assert packages(lock(command, '"one"', "--python", "3.11"))[0]["version"] == "1.0"
    assert packages(lock(command, '"one"', "--python", "3.12"))[0]["version"] == "2.0"


def test_the_cutoff_is_for_wheels_too(command: CommandLine, index: WheelIndex) -> None:
    index.add("one", "1.0", date="2025-02-01")
    index.add("one", "2.0", date="2025-04-01")
    old = packages(lock(command, '"one"', "--exclude-newer", "2025-03-01"))
    assert [entry["version"] for entry in old] == ["1.0"]
    new = packages(lock(command, '"one"', "--upgrade"))
    assert [entry["version"] for entry in new] == ["2.0"]
    none = lock(command, '"one"', "--exclude-newer", "2025-01-01", "--upgrade")
    assert none.code == 67
    assert "--exclude-newer LATER-DATE" in none.err


def test_source_distributions_have_to_be_allowed(command: CommandLine, index: WheelIndex) -> None:
    index.add_sdist("source", "1.0")
    refused = lock(command, '"source"')
    assert refused.code == 67
    assert "condavision lock --allow-sdist web.py" in refused.err
    found = packages(lock(command, '"source"', "--allow-sdist"))
    assert found[0]["url"].endswith("source-1.0.tar.gz")
    assert "source distributions" in command("check", "web.py").ok().out


def test_an_unknown_import_has_to_be_allowed(command: CommandLine, index: WheelIndex) -> None:
    index.add("never_heard_of_it", "1.0")
    script = command.folder / "web.py"
    script.write_text("import never_heard_of_it\n")
    assert command("lock", "web.py").code == 66
    command("lock", "web.py", "--allow-unverified").ok()
    assert "never_heard_of_it=pypi:never-heard-of-it" in command("check", "web.py").ok().out
    assert command("lock", "web.py").code == 66  # a flag is for once, the setting for good


def test_overrides_are_repeated(command: CommandLine, index: WheelIndex) -> None:
    index.add("one", "1.0")
    with (command.folder / "condavision.toml").open("a") as stream:
        stream.write('[imports]\ncv2 = "pypi:one"\nunused = "two"\n')
    (command.folder / "web.py").write_text("import cv2.data\n")
    command("lock", "web.py").ok()
    checked = command("check", "web.py").ok().out
    assert "[imports] says that cv2 is in pypi:one" in checked
    assert "unused" not in checked


def test_credentials_of_an_index_stay_out_of_the_lock(
    command: CommandLine, index: WheelIndex, index_server: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add("one", "1.0")
    index_server.credentials = "user:sesame"
    assert lock(command, '"one"').code in {67, 69}
    url = index_server.http_url.replace("//", "//user:sesame@")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{url}/simple")
    finished = lock(command, '"one"').ok()
    assert packages(finished)[0]["url"].startswith(index_server.http_url)
    refused = lock(command, '"no-such-thing"')
    written = [path.read_text() for path in (command.folder / "locks").iterdir()]
    for text in (finished.out, finished.err, refused.out, refused.err, *written):
        assert "sesame" not in text


def test_an_index_that_fails_is_named_once(
    command: CommandLine,
    index: WheelIndex,
    index_server: Channel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("COLUMNS", "40")  # of a terminal, whose width is not that of errors
    index_server.fail("", Fault.ERROR)
    (command.folder / "more.py").write_text(NAMED.format('"two"'))
    (command.folder / "web.py").write_text(NAMED.format('"one"'))
    refused = command("lock", ".")
    address = f"the package index at {index_server.http_url}"
    assert f"error: more.py, web.py: {address} cannot be reached: HTTP status" in refused.err
    assert refused.err.count("error:") == 1


def test_an_index_whose_certificate_nobody_vouches_for(
    command: CommandLine, index: WheelIndex, untrusted_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{untrusted_url}/simple")
    refused = lock(command, '"one"').err
    assert f"{untrusted_url} cannot be reached: invalid peer certificate" in refused
    assert "export UV_SYSTEM_CERTS=1" in refused


def test_a_module_that_both_sides_bring_is_pointed_out(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(package("cheetah3", "3.2"))
    index.add("ct3", "3.3")
    lock(command, '"cheetah3", "ct3"').ok()
    said = command("check", "web.py").ok().out
    both = "modules that both conda and PyPI supply: Cheetah (cheetah3, ct3) on"
    assert f"{both} {current_subdir()};" in f"{said.strip()};"


def test_one_side_here_and_the_other_there_is_nothing_to_point_out(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(package("tabulate", "0.9", subdir="linux-64"))
    small_channel.add(package("host", "1.0", "tabulate", subdir="linux-64"))
    small_channel.add(package("host", "1.0", subdir="win-64"))
    index.add("one", "1.0", "tabulate")
    index.add("tabulate", "0.9")
    block = (
        '# /// script\n# dependencies = ["one"]\n# [tool.conda]\n# dependencies = ["host"]\n# ///\n'
    )
    (command.folder / "web.py").write_text(block)
    platforms = ("--platform", "linux-64", "--platform", "win-64")
    found = packages(command("lock", "web.py", "--json", *platforms))
    wheels = {(one["name"], one["platform"]) for one in found}
    assert wheels == {("one", "linux-64"), ("one", "win-64"), ("tabulate", "win-64")}
    assert "both conda and PyPI" not in command("check", "web.py").ok().out


def test_extras_bring_what_they_name(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(package("six", "1.0"))
    index.add("one", "1.0", 'two; extra == "more"', 'six; extra == "more"')
    index.add("two", "1.0")
    found = packages(lock(command, '"one[more]", "six"'))
    assert [entry["name"] for entry in found] == ["one", "two"]
    (environment,) = (command.folder / "locks").glob("*.environment.yml")
    assert "one[more]==1.0" in environment.read_text()


def test_old_pythons_get_old_wheels(
    command: CommandLine, small_channel: SmallChannel, index: WheelIndex
) -> None:
    small_channel.add(*pythons("3.6.15"))
    index.add("compiled", "1.0", tag="cp36-cp36m-manylinux1_x86_64")
    index.add("compiled", "1.0", tag="cp312-cp312-manylinux1_x86_64")
    block = '# /// script\n# requires-python = "=={}.*"\n# dependencies = ["compiled"]\n# ///\n'
    script = command.folder / "web.py"
    script.write_text(block.format("3.6"))
    (found,) = packages(command("lock", "web.py", "--json"))
    assert found["url"].endswith("compiled-1.0-cp36-cp36m-manylinux1_x86_64.whl")


def test_wheels_follow_the_virtual_packages(command: CommandLine, index: WheelIndex) -> None:
    for tag in ("manylinux_2_17_x86_64", "manylinux_2_34_x86_64"):
        index.add("compiled", "1.0", tag=f"cp312-cp312-{tag}")
    (found,) = packages(lock(command, '"compiled"'))
    assert "manylinux_2_17" in found["url"]
    with (command.folder / "condavision.toml").open("a") as stream:
        stream.write('virtual-packages = { __glibc = "2.36" }\n')
    (found,) = packages(lock(command, '"compiled"'))
    assert "manylinux_2_34" in found["url"]


def test_the_cutoff_is_for_wheels_beside_this_machine_s_interpreters(
    command: CommandLine, index: WheelIndex
) -> None:
    index.add("one", "1.0", date="2025-02-01")
    index.add("one", "2.0", date="2025-04-01")
    (command.folder / "web.py").write_text(NAMED.format('"one"'))
    options = ("-c", "interpreters:", "--exclude-newer", "2025-03-01", "--json")
    (found,) = packages(command("lock", "web.py", *options))
    assert found["version"] == "1.0"
    path = next((command.folder / "locks" / ".local").glob("*.conda-lock.yml"))
    assert "exclude_newer: '2025-03-02T00:00:00Z'" in path.read_text()
