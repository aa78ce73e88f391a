"""Follow a process whose parent, the zygote, has died."""

from __future__ import annotations

import asyncio
import os
import re
import struct

_INFO = struct.Struct("=QQ11Ii")  # struct pidfd_info (linux/pidfd.h), first version
_EXIT = 1 << 3  # PIDFD_INFO_EXIT
_GET_INFO = 0xC000_FF0B | _INFO.size << 16  # PIDFD_GET_INFO: _IOWR(0xFF, 11, struct pidfd_info)
_SINCE = (6, 15)  # Linux
_TRIES, _PAUSE = 100, 0.05  # seconds, for init to reap it


def kernel_reports_exit() -> bool:
    """Return whether Linux gives the exit status of a process to others than its parent."""
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return version is not None and tuple(map(int, version.groups())) >= _SINCE


async def exit_status(pidfd: int) -> int | None:
    """Wait for the end of a process; return its wait status, or None where it stays unknown.

    The kernel gives it once the process has been reaped.
    """
    import fcntl  # noqa: PLC0415 - absent on Windows

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pidfd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(pidfd)
    for _ in range(_TRIES):
        try:
            answer = fcntl.ioctl(pidfd, _GET_INFO, _INFO.pack(_EXIT, *[0] * 13))
        except OSError:
            return None
        mask, *_, status = _INFO.unpack(answer)
        if mask & _EXIT:
            return int(status)
        await asyncio.sleep(_PAUSE)
    return None
