"""How much memory the machine, or the container, has left."""

from __future__ import annotations

from pathlib import Path

_LEAST = 0.1  # of all memory
_MEMINFO = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def is_memory_low(meminfo: Path = _MEMINFO, group: Path = _GROUP) -> bool:
    """Return whether less than a tenth of the memory is available (Linux; else False).

    ``group`` is the folder of a control group (version 2), whose limit counts where it has one.
    """
    return any(total > 0 and left < total * _LEAST for left, total in _figures(meminfo, group))


def _figures(meminfo: Path, group: Path) -> list[tuple[int, int]]:
    found = []
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
        found.append((_kilobytes(lines["MemAvailable"]), _kilobytes(lines["MemTotal"])))
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        parts = (group / "memory.stat").read_text().splitlines()
        cached = sum(int(line.split()[1]) for line in parts if line.startswith("inactive_file "))
        found.append((limit - used + cached, limit))
    except (OSError, ValueError, KeyError):
        pass  # no limit, or another system
    return found


def _kilobytes(text: str) -> int:
    return int(text.split(maxsplit=1)[0])
