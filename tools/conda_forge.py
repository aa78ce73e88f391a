"""What conda-forge says of its packages: the distributions in them, and the modules that test them.

Three lists, inputs of ``generate_import_map.py``; only what follows from them enters the map.

- names: ``package <TAB> the distributions that it installs``, from the packages' metadata.
- outputs: the name of every package, one a line.
- recipes: ``package <TAB> the modules that its recipe imports as a test``. They were reviewed when
  they were submitted, but some are old, and some name a dependency's module or a namespace: a
  module counts where a single package claims it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class CondaForge:
    """The facts of the three lists; distributions are normalized."""

    distributions: dict[str, list[str]] = field(default_factory=dict)
    outputs: set[str] = field(default_factory=set)
    claimed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Packages by module."""

    @cached_property
    def holders(self) -> dict[str, list[str]]:
        """Packages by distribution."""
        found: dict[str, list[str]] = defaultdict(list)
        for package, names in self.distributions.items():
            for name in names:
                found[name].append(package)
        return dict(found)

    def package_of(self, distribution: str, holders: list[str]) -> str:
        """Return the package that is a distribution: of its name, or with the fewest others."""

        def standing(package: str) -> tuple[bool, int, int, str]:
            is_namesake = canonicalize_name(package) == distribution
            return not is_namesake, len(self.distributions[package]), len(package), package

        return min(holders, key=standing)

    def sole_claims(self) -> dict[str, str]:
        """Return module -> package of those that a single package claims.

        Of several, that counts which has the module's name, or of which the others are parts.
        """
        found = {}
        for module, packages in self.claimed.items():
            first = min(packages, key=lambda it: (len(it), it))
            named = [it for it in packages if it == canonicalize_name(module)]
            if named:
                found[module] = named[0]
            elif all(it == first or it.startswith(f"{first}-") for it in packages):
                found[module] = first
        return found

    def namespaces(self) -> dict[str, dict[str, str]]:
        """Return the modules of which several packages are parts, and the distributions of these.

        Their packages are named after the namespace, and none is the namespace itself.
        """
        parts: dict[str, set[str]] = defaultdict(set)
        for module, packages in self.claimed.items():
            top, dot, _ = module.partition(".")
            prefix = f"{canonicalize_name(top)}-"
            if dot:
                parts[top].update(it for it in packages if it.startswith(prefix))
        known = {*self.outputs, *self.holders}
        return {
            top: self._parts(top)
            for top, packages in parts.items()
            if len(packages) > 1 and canonicalize_name(top) not in known
        }

    def _parts(self, top: str) -> dict[str, str]:
        prefix = f"{canonicalize_name(top)}-"
        return {
            f"{top}.{name.removeprefix(prefix).replace('-', '_')}": name
            for name in self.holders
            if name.startswith(prefix)
        }


def read(names: Path | None, outputs: Path | None, recipes: Path | None) -> CondaForge:
    """Read the lists that are given."""
    facts = CondaForge()
    for line in names.read_text("utf-8").splitlines() if names else ():
        package, _, inside = line.partition("\t")
        facts.distributions[package] = [canonicalize_name(it) for it in inside.split()]
    facts.outputs = set(outputs.read_text("utf-8").split()) if outputs else set()
    for line in recipes.read_text("utf-8").splitlines() if recipes else ():
        package, _, modules = line.partition("\t")
        if package in facts.outputs or not facts.outputs:
            for module in modules.split():
                facts.claimed[module].add(package)
    return facts
