"""``[tool.pixi]`` of a PEP 723 block, as pixi reads it.

It has ``workspace.channels``, ``workspace.platforms``, ``dependencies``, ``pypi-dependencies`` and
``target.<platform>`` tables with those two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.core.platforms import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.analysis.declared.declarations import Declarations


def read_pixi(into: Declarations, pixi: dict[str, Any]) -> None:
    """Read channels, platforms, Pythons and dependencies."""
    workspace = into.table(pixi, "workspace") or into.table(pixi, "project")
    for holder in (workspace, pixi):
        into.add_channels(_channels(into, holder))
        into.platforms += into.strings(holder, "platforms")
    if isinstance(workspace.get("requires-python"), str):
        into.add_python(workspace["requires-python"], "requires-python")
    _read_dependencies(into, pixi, frozenset())
    for target, inner in into.table(pixi, "target").items():
        named = FAMILIES.keys() - {"win"} if target == "unix" else {target.partition("-")[0]}
        families = frozenset(FAMILIES.keys() & named)
        if isinstance(inner, dict) and families:
            _read_dependencies(into, inner, families)


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
    into: Declarations, holder: dict[str, Any], platforms: frozenset[str]
) -> None:
    for name, value in into.table(holder, "dependencies").items():
        into.add_conda(match_spec(into, name, value), platforms)
    for name, value in into.table(holder, "pypi-dependencies").items():
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
