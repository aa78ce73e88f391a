"""``[tool.uv]`` of a PEP 723 block: where uv takes the declared dependencies from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from condavision.analysis.declared.other_tools import unknown
from condavision.core.model import Declared, Manager

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations

_OF_UV_ALONE = frozenset({"cache-dir", "cache-keys", "link-mode", "package", "python-downloads"})
"""Settings that do not affect what is required."""


def read_uv(into: Declarations, uv: dict[str, Any]) -> None:
    """Read ``sources``.

    A dependency from a repository, URL or path becomes a direct reference; what condavision cannot
    follow, such as another index, is ignored and noted.
    """
    sources = into.table(uv, "sources")
    for name, source in sources.items():
        places = source if isinstance(source, list) else [source]
        for place in places:
            if not isinstance(place, dict):
                raise into.wrong(name, f"the source of `{name}` must be a table")
            _read_source(into, name, place)
    into.ignore("tool.uv", unknown(uv, _OF_UV_ALONE | {"sources"}))


def _read_source(into: Declarations, name: str, place: dict[str, Any]) -> None:
    for scheme, prefix in (("url", ""), ("git", "git+"), ("path", "file:")):
        if isinstance(place.get(scheme), str):
            reference = f"{name} @ {prefix}{place[scheme]}"
            into.dependencies[:] = [
                Declared(Manager.PYPI, reference, into.at(name), it.platforms, it.pythons)
                if it.manager is Manager.PYPI and _name(it.text) == canonicalize_name(name)
                else it
                for it in into.dependencies
            ]
            return
    into.ignore("tool.uv.sources", [name])


def _name(requirement: str) -> str:
    end = next((at for at, it in enumerate(requirement) if not (it.isalnum() or it in "._-")), None)
    return canonicalize_name(requirement[:end])
