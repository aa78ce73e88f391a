"""The releases of a package: from an index (PEP 503, PEP 691), or a channel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from packaging.utils import (
    InvalidWheelFilename,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from condavision.artefacts.artefact import Artefact
from condavision.core.model import Manager
from condavision.core.platforms import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import rattler

_FAMILIES = {"linux": ("manylinux", "linux"), "osx": ("macosx",), "win": ("win",)}


@dataclass(frozen=True, slots=True)
class Release:
    """A version, and one of its artefacts, which stands for all."""

    name: str
    version: Version
    artefact: Artefact

    @property
    def label(self) -> str:
        """Name and version: ``moviepy 1.0.3``."""
        return f"{self.name} {self.version}"


def releases_on_page(
    name: str,
    page: bytes,
    url: str,
    platform: str,
    python: str,
    newest: datetime | None,
) -> tuple[Release, ...]:
    """Return the releases with wheels that a page of an index has, in order of version.

    Yanked wheels (PEP 592) and those since ``newest``, or without a date then, are left out. Of a
    release's wheels the one is chosen that fits ``platform`` and ``python`` best.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is no such page.
    """
    chosen: dict[Version, tuple[int, str, Artefact]] = {}
    for file in _files(page):
        wheel = _wheel(file["filename"])
        sha256 = (file.get("hashes") or {}).get("sha256")
        if wheel is None or wheel[0] != name or not sha256 or file.get("yanked"):
            continue
        if newest is not None and not _is_by(file.get("upload-time"), newest):
            continue
        artefact = Artefact(urljoin(url, file["url"]), sha256, Manager.PYPI)
        ranked = (_rank(file["filename"], platform, python), file["filename"], artefact)
        known = chosen.get(wheel[1])
        if known is None or ranked[:2] < known[:2]:
            chosen[wheel[1]] = ranked
    return tuple(Release(name, version, it[2]) for version, it in sorted(chosen.items()))


def releases_of_records(
    records: Iterable[rattler.RepoDataRecord], python: str, newest: datetime | None
) -> tuple[Release, ...]:
    """Return the releases that records of one package are, in order of version.

    Versions that PEP 440 does not know are left out.
    """
    chosen: dict[Version, tuple[tuple[bool, int, str], Release]] = {}
    minor = "".join(python.split(".")[:2])
    for record in records:
        date = record.indexed_timestamp or record.timestamp
        if record.sha256 is None or (newest is not None and (date is None or date > newest)):
            continue
        try:
            version = Version(str(record.version))
        except InvalidVersion:
            continue
        fits = record.noarch.python or f"py{minor}" in str(record.build)
        rank = (fits, record.build_number, str(record.build))
        artefact = Artefact(record.url, record.sha256.hex(), Manager.CONDA)
        if version not in chosen or chosen[version][0] < rank:
            chosen[version] = (rank, Release(record.name.normalized, version, artefact))
    return tuple(release for _, (_, release) in sorted(chosen.items(), key=lambda it: it[0]))


def _is_by(text: str | None, newest: datetime) -> bool:
    return text is not None and datetime.fromisoformat(text) <= newest


def _wheel(filename: str) -> tuple[str, Version] | None:
    try:
        name, version, *_ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    return canonicalize_name(name), version


def _rank(filename: str, platform: str, python: str) -> int:
    """Return how far a wheel is from what would be installed; its modules hardly differ."""
    if filename.endswith("none-any.whl"):
        return 0
    family = any(it in filename for it in _FAMILIES[family_of(platform)])
    minor = f"cp{''.join(python.split('.')[:2])}-" in filename or "abi3" in filename
    return 1 + 2 * (not minor) + (not family)


def _files(page: bytes) -> Iterator[dict[str, Any]]:
    if page.lstrip()[:1] == b"{":
        yield from json.loads(page)["files"]
        return
    links = _Links()
    links.feed(page.decode("utf-8", "replace"))
    for link in links.found:
        parts = urlsplit(link["href"])
        algorithm, _, digest = parts.fragment.partition("=")
        yield {
            "filename": parts.path.rpartition("/")[2],
            "url": parts._replace(fragment="").geturl(),
            "hashes": {algorithm: digest},
            "yanked": "data-yanked" in link,
        }


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Keep the attributes of links."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.found.append(given)
