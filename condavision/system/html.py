"""Pages made from templates of a package."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from condavision import __version__
from condavision.system.progress import counted


def templates(package: str, **options: Any) -> Environment:
    """Return the templates in a package, whose values are escaped; ``options`` are Jinja's."""
    found = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    found.filters |= {"code": code, "counted": counted}
    found.globals["version"] = __version__
    return found


def code(text: str) -> Markup:
    """Return a text whose parts between backticks are code."""
    parts = re.split(r"`([^`]+)`", text)
    marked = (Markup("<code>{}</code>").format(it) if at % 2 else it for at, it in enumerate(parts))
    return Markup("").join(marked)
