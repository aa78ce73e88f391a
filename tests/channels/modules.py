"""The modules of made-up packages that have the names of real ones."""

from __future__ import annotations

from functools import cache

from condavision.mapping.import_map import ImportMap

__all__ = ["modules_of"]

_ANY_NAME = "def __getattr__(name):\n    return name\n"


@cache
def modules_of(name: str, *, conda: bool = False) -> dict[str, str]:
    """Return files, and their texts, for the modules that the map expects in a package.

    One has the package's own name. They have any attribute. Those of some versions are left out.
    """
    found = ImportMap.bundled()
    pypi = (name, *found.pypi_names(name)) if conda else (name,)
    supplied = {it for one in pypi for it in found.supplied(one)}
    of_some = {it for it in supplied if (has := found.provider(it)) and has.constraint}
    modules = {name.replace("-", "_"), *(supplied - of_some)}
    return {f"{it.replace('.', '/')}/__init__.py": _ANY_NAME for it in sorted(modules)}
