"""``[tool.pixi]`` of a PEP 723 block, as pixi reads it.

It has ``workspace.channels``, ``workspace.platforms``, ``dependencies``, ``pypi-dependencies`` and
``target.<platform>`` tables with those two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.other_tools import unknown
from condavision.core.platforms import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.analysis.declared.declarations import Declarations

_TABLES = frozenset(
    {
        "channels",
        "dependencies",
        "platforms",
        "project",
        "pypi-dependencies",
        "target",
        "tasks",
        "workspace",
    }
)
_OF_WORKSPACE = frozenset(
    {
        "authors",
        "channels",
        "description",
        "documentation",
        "homepage",
        "license",
        "license-file",
        "name",
        "platforms",
        "readme",
        "repository",
        "requires-pixi",
        "requires-python",
        "version",
    }
)
_OF_TARGET = frozenset({"dependencies", "pypi-dependencies", "tasks"})
_OF_PACKAGE = frozenset({"build", "channel", "version"})
_OF_DISTRIBUTION = frozenset(
    {
        "branch",
        "editable",
        "env-markers",
        "extras",
        "git",
        "path",
        "rev",
        "subdirectory",
        "tag",
        "url",
        "version",
    }
)
"""What is read, or does not concern packages."""


def read_pixi(into: Declarations, pixi: dict[str, Any]) -> None:
    """Read channels, platforms, Pythons and dependencies."""
    name = "workspace" if "workspace" in pixi else "project"
    workspace = into.table(pixi, name)
    into.ignore("tool.pixi", unknown(pixi, _TABLES))
    into.ignore(f"tool.pixi.{name}", unknown(workspace, _OF_WORKSPACE))
    for holder in (workspace, pixi):
        into.add_channels(_channels(into, holder))
        into.platforms += into.strings(holder, "platforms")
    if isinstance(workspace.get("requires-python"), str):
        into.add_python(workspace["requires-python"], "requires-python")
    _read_dependencies(into, "tool.pixi", pixi, frozenset())
    for target, inner in into.table(pixi, "target").items():
        named = FAMILIES.keys() - {"win"} if target == "unix" else {target.partition("-")[0]}
        families = frozenset(FAMILIES.keys() & named)
        if isinstance(inner, dict) and families:
            table = f"tool.pixi.target.{target}"
            into.ignore(table, unknown(inner, _OF_TARGET))
            _read_dependencies(into, table, inner, families)
        else:
            into.ignore("tool.pixi.target", [target])


def _channels(into: Declarations, holder: dict[str, Any]) -> Iterable[str]:
    channels = holder.get("channels", [])
    if not isinstance(channels, list):
        raise into.wrong("channels", "`channels` must be a list")
    for channel in channels:
        name = channel.get("channel") if isinstance(channel, dict) else channel
        if not isinstance(name, str):
            raise into.wrong("channels", "`channels` must be a list of strings")
        yield name


def _read_dependencies(
    into: Declarations, table: str, holder: dict[str, Any], platforms: frozenset[str]
) -> None:
    for name, value in into.table(holder, "dependencies").items():
        if isinstance(value, dict):
            into.ignore(f"{table}.dependencies.{name}", unknown(value, _OF_PACKAGE))
        into.add_conda(match_spec(into, name, value), platforms)
    for name, value in into.table(holder, "pypi-dependencies").items():
        if isinstance(value, dict):
            into.ignore(f"{table}.pypi-dependencies.{name}", unknown(value, _OF_DISTRIBUTION))
        into.add_pypi(_requirement(into, name, value), platforms)


def match_spec(into: Declarations, name: str, value: object) -> str:
    """Return the match spec of a package's version, or of its table.

    Raises:
        AnalysisError: it is neither, or for a source.
    """
    if isinstance(value, str):
        return name if value.strip() in {"", "*"} else f"{name} {value}"
    if isinstance(value, dict) and "path" not in value and "git" not in value:
        channel = f"{value['channel']}::" if isinstance(value.get("channel"), str) else ""
        version = str(value.get("version", "*"))
        build = f" {value['build']}" if isinstance(value.get("build"), str) else ""
        return f"{channel}{name} {version}{build}".removesuffix(" *")
    raise into.wrong(name, f"the version of `{name}` must be a string")


def _requirement(into: Declarations, name: str, value: object) -> str:
    extras: Iterable[object] = ()
    marker = ""
    if isinstance(value, dict):
        extras = value.get("extras", [])
        marker = f" ; {value['env-markers']}" if isinstance(value.get("env-markers"), str) else ""
        for scheme, prefix in (("url", ""), ("git", "git+"), ("path", "file:")):
            if isinstance(value.get(scheme), str):
                return f"{name} @ {prefix}{value[scheme]}{marker}"
        value = value.get("version", "*")
    if not isinstance(value, str):
        raise into.wrong(name, f"the version of `{name}` must be a string")
    version = "" if value.strip() in {"", "*"} else value
    if version[:1].isdigit():
        version = f"=={version}"
    inside = f"[{','.join(map(str, extras))}]" if extras else ""
    return f"{name}{inside}{version}{marker}"
