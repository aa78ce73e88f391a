"""pip 20.3.4, run by a Python 2.7: resolves distributions, and builds source distributions."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from condavision.python2.tools import FOLDER
from condavision.system.package_indexes import configured_indexes
from condavision.system.secrets import redacted
from condavision.system.timeout import timeout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.system.package_indexes import PackageIndexes

_DRIVER = Path(__file__).with_name("driver") / "resolve.py"
_USERS = ("PYTHON", "PIP_")
"""Prefixes of variables that change what pip does, which are the user's for other Pythons."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to resolve.

    ``requirements`` and ``constraints`` are as PEP 508 writes them, ``excluded`` normalized names
    that are neither resolved nor in the answer, ``preferred`` versions by name. Files since
    ``exclude_newer`` (UTC, ISO 8601), and those without a date, are ignored. ``tags`` (PEP 425,
    best first) are those of the running Python where None; ``markers`` replace its own values.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    preferred: Mapping[str, str] = field(default_factory=dict)
    exclude_newer: str | None = None
    offline: bool = False
    tags: tuple[tuple[str, str, str], ...] | None = None
    markers: Mapping[str, str] = field(default_factory=dict)
    allow_sdist: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a job.

    ``kind`` is ``solved``, ``impossible``, ``unreachable``, ``refused``, ``offline``, ``late`` or
    ``failed``; ``found`` is the driver's answer, ``stderr`` pip's output.
    """

    kind: str
    found: Mapping[str, Any]
    stderr: str


def resolve(python: Path, tools: Path, home: Path, job: Job) -> Answer:
    """Resolve ``job`` with a Python 2.7; what is downloaded is kept below ``home``.

    Raises:
        ConfigError: ``CONDAVISION_TIMEOUT`` is not a number of seconds.
        OSError: a process cannot be started, or the folder written.
    """
    indexes = configured_indexes()
    links = (*indexes.find_links, *job.find_links)
    cache = home / FOLDER
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="condavision-") as name:
        folder = Path(name)
        asked, answered = folder / "job.json", folder / "answer.json"
        fields = {**asdict(job), "cache": str(cache), "first_index": indexes.first_only}
        asked.write_text(json.dumps(fields), encoding="utf-8")
        _write_lines(folder / "requirements.txt", job.requirements)
        _write_lines(folder / "constraints.txt", job.constraints)
        arguments = [
            *(
                "download",
                "--use-feature",
                "2020-resolver",
                "--dest",
                "found",
                "--requirement",
                "requirements.txt",
            ),
            *("--constraint", "constraints.txt", *_options(indexes, links)),
            *(() if job.allow_sdist else ("--only-binary", ":all:")),
        ]
        command = [str(python), str(_DRIVER), str(asked), str(answered), *arguments]
        seconds = timeout()
        try:
            stderr = _run(command, tools, folder, seconds=seconds)
        except subprocess.TimeoutExpired:
            return Answer("late", {"reason": str(seconds)}, "")
        found = json.loads(answered.read_bytes()) if answered.exists() else {}
    return Answer(found.pop("kind", "failed"), found, stderr)


def build_wheel(
    python: Path, tools: Path, source: Path, folder: Path, inherit: tuple[int, ...]
) -> str:
    """Build a source distribution into ``folder``; return pip's error output, empty on success.

    What its ``pyproject.toml`` requires to build comes from the configured indexes.

    Raises:
        OSError: a process cannot be started.
    """
    indexes = configured_indexes()
    arguments = ["wheel", "--no-deps", "--wheel-dir", str(folder)]
    arguments += _options(indexes, indexes.find_links)
    command = [str(python), "-m", "pip", *arguments, str(source)]
    stderr = _run(command, tools, folder, inherit)
    return "" if any(folder.glob("*.whl")) else stderr or "no wheel was built"


def _options(indexes: PackageIndexes, links: Sequence[str]) -> list[str]:
    first, *others = indexes.urls or ("",)
    servers = [urlsplit(url) for url in indexes.urls]
    plain = {parts.netloc.rpartition("@")[2] for parts in servers if parts.scheme == "http"}
    trusted = sorted(plain | set(os.environ.get("UV_INSECURE_HOST", "").split()))
    return [
        *(
            "--isolated",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "--no-color",
            "--no-input",
        ),
        *("--quiet", "--progress-bar", "off"),
        *(("--index-url", first) if first else ("--no-index",)),
        *(word for url in others for word in ("--extra-index-url", url)),
        *(word for link in links for word in ("--find-links", link)),
        *(word for host in trusted for word in ("--trusted-host", host)),
        *_network(),
    ]


def _network() -> list[str]:
    """Return what uv's variables say about timeouts, retries and certificates."""
    settings = {"--timeout": "UV_HTTP_TIMEOUT", "--retries": "UV_HTTP_RETRIES"}
    options = [
        word
        for option, name in settings.items()
        if (value := os.environ.get(name, "")).isdecimal()
        for word in (option, value)
    ]
    bundle = os.environ.get("SSL_CERT_FILE")
    if not bundle and os.environ.get("UV_SYSTEM_CERTS", "").lower() in {"1", "true", "yes"}:
        bundle = ssl.get_default_verify_paths().cafile
    return [*options, *(("--cert", bundle) if bundle else ())]


def _run(
    command: Sequence[str],
    tools: Path,
    folder: Path,
    inherit: tuple[int, ...] = (),
    seconds: int | None = None,
) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_USERS)}
    ours = {"PYTHONPATH": str(tools), "PYTHONNOUSERSITE": "1", "PIP_CONFIG_FILE": os.devnull}
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **ours},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        pass_fds=inherit,
        timeout=seconds,
    )
    return redacted(ran.stderr.decode("utf-8", "replace"))


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in sorted(lines)), encoding="utf-8")
