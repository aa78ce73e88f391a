"""A conda match spec of python, as PEP 440 writes its version."""

from __future__ import annotations

import re

_PYTHON_SPEC = re.compile(r"^(?:[\w./-]+::)?python(?![\w.-])\s*(?P<version>.*)$", re.ASCII)


def python_version(spec: str) -> str | None:
    """Return the PEP 440 specifier set of a match spec of python; None for another package's.

    It is empty where every version will do, and the conda version itself where that has no
    counterpart.
    """
    python = _PYTHON_SPEC.match(spec.strip())
    if python is None:
        return None
    text = python["version"].partition("[")[0].strip()
    text = re.sub(r"(?<=[<>=!~,])\s+|\s+(?=[<>=!~,])", "", text).partition(" ")[0]
    text = re.sub(r"(?<=[\w*])=(?!=).*", "", text)  # a build behind the version
    if text in {"", "*"}:
        return ""
    clauses = []
    for clause in text.split(","):
        match = re.fullmatch(r"(?P<op>[<>=!~]*)(?P<version>[\d.]+?)(?P<star>\.?\*)?", clause)
        if match is None:
            return text
        operator, number, star = match["op"], match["version"].rstrip("."), match["star"]
        fuzzy = star or operator in {"", "="}
        if fuzzy and operator in {"", "=", "=="}:
            clauses.append(f"=={number}.*")
        elif operator == "!=" and star:
            clauses.append(f"!={number}.*")
        else:
            clauses.append(f"{operator or '=='}{number}")
    return ",".join(clauses)
