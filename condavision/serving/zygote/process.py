"""The server's side of a zygote: its process, and the socket on which it is asked for forks."""

from __future__ import annotations

import asyncio
import marshal
import os
import socket
import subprocess
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.serving.starting import ChildProcess
from condavision.serving.zygote.child import WarmChild
from condavision.serving.zygote.status import SkippedModule, SkipReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.serving.starting import Job

PROGRAM = Path(__file__).with_name("program")
"""What runs in the zygote, before everything else on its PYTHONPATH."""

_PACKET = 1 << 16  # bytes of a message, at most
_MARSHAL = 2  # the format that every Python 3 reads


class ZygoteEndedError(Exception):
    """The zygote has not run the job, and will not: it has ended, or cannot."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a zygote is to be.

    ``command`` and ``environ`` are those of a run without arguments, ``cwd`` where the modules are
    imported. ``script`` is empty for ``python -m``; ``source`` is the file whose imports are
    preloaded, in the package ``package``, and ``local`` are the folders of its own modules.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    cwd: Path
    script: str
    source: str
    package: str
    local: tuple[str, ...]
    skipped: frozenset[str] = frozenset()
    probe: bool = False


class Zygote:
    """A zygote, its modules imported or not; ``forks`` is how many runs it has started."""

    def __init__(self, order: Order) -> None:
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        self.preloaded: list[str] = []
        self.forks = 0
        self.settled: asyncio.Future[SkippedModule | str | None] = (
            asyncio.get_running_loop().create_future()
        )
        """None once it is ready; else the module that it must not import, or why it has ended."""
        self._children: dict[int, WarmChild] = {}
        self._spares: deque[WarmChild] = deque()  # those that wait for a request
        self._asked: deque[socket.socket] = deque()  # with whose other ends forks will wait
        self._wanted: deque[asyncio.Future[WarmChild]] = deque()
        self._retired = self._gone = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output = os.memfd_create("zygote")
        try:
            self._control.send(_packed(order))
            self._control.setblocking(False)
            self._process = ChildProcess(
                subprocess.Popen(
                    order.command,
                    cwd=order.cwd,
                    env={**order.environ, "PYTHONPATH": _search_path(order.environ)},
                    stdin=theirs.fileno(),
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
            os.close(output)
        asyncio.get_running_loop().add_reader(self._control, self._read)

    @property
    def pid(self) -> int:
        """Its process ID."""
        return self._process.pid

    @property
    def spares(self) -> tuple[int, ...]:
        """The process IDs of forks that wait for a request."""
        return tuple(child.pid for child in self._spares)

    @property
    def alive(self) -> bool:
        """Whether it can be asked for a fork."""
        return not self._gone and not self._retired

    async def fork(self, job: Job, environ: Mapping[str, str]) -> WarmChild:
        """Run a job in a fork.

        Raises:
            ZygoteEndedError: it cannot, and has not.
        """
        if not job.cwd.is_dir():
            raise ZygoteEndedError  # whoever starts it cold says what is wrong
        request = _request(job, environ)
        try:
            child = await self._spare()
            child.begin(request, (job.stdin, job.stdout, job.stderr), job.rlimits)
        except OSError as error:
            raise ZygoteEndedError from error
        self.forks += 1
        return child

    async def _spare(self) -> WarmChild:
        """Return a fork that waits for its request."""
        if self._spares:
            return self._spares.popleft()
        wanted: asyncio.Future[WarmChild] = asyncio.get_running_loop().create_future()
        self._wanted.append(wanted)
        self._ask()
        return await wanted

    def _ask(self) -> None:
        """Ask for as many forks as are wanted, or else for one to have."""
        while self.alive and len(self._asked) < (len(self._wanted) or 1 - len(self._spares)):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                try:
                    socket.send_fds(self._control, [b"f"], [theirs.fileno()])
                except OSError:  # it has ended, or its next answer makes room
                    ours.close()
                    return
            self._asked.append(ours)

    def _read(self) -> None:
        """Read what the zygote has sent."""
        while not self._gone:
            try:
                packet = self._control.recv(_PACKET)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if packet:
                self._hear(*os.fsdecode(packet).split("\0"))
            else:
                self._end()

    def _hear(self, kind: str, *fields: str) -> None:
        match kind, *fields:
            case "preload", name:
                self.preloaded.append(name)
            case "refuse", name, reason, detail:
                self._settle(SkippedModule(name, SkipReason(reason), detail))
            case "ready" | "hooked", *_:
                self._settle(None)
                if kind == "ready":
                    self._ask()
            case "python", version:
                self._settle(version)
            case "pid", pid:
                self._welcome(int(pid), self._asked.popleft())
            case "fail", number:
                self._asked.popleft().close()
                if wanted := self._next_wanted():
                    wanted.set_exception(OSError(int(number), os.strerror(int(number))))
            case "exit", pid, status:
                self._bury(int(pid), int(status))
        if self._wanted:
            self._ask()
        self._close_if_done()

    def _welcome(self, pid: int, control: socket.socket) -> None:
        """Give a fork to the first who wants one, or keep it."""
        try:
            child = self._children[pid] = WarmChild(pid, control)
        except OSError:  # it has been killed and reaped, which is reported next
            control.close()
            return
        if wanted := self._next_wanted():
            wanted.set_result(child)
        elif self._retired:
            child.dismiss()
        else:
            self._spares.append(child)

    def _bury(self, pid: int, status: int) -> None:
        if child := self._children.pop(pid, None):
            if child in self._spares:
                self._spares.remove(child)
            child.end(status)
        self._ask()  # only now: while it ran, it needed the processors

    def _next_wanted(self) -> asyncio.Future[WarmChild] | None:
        while self._wanted:
            wanted = self._wanted.popleft()
            if not wanted.done():
                return wanted
        return None

    def _settle(self, outcome: SkippedModule | str | None) -> None:
        if not self.settled.done():
            self.settled.set_result(outcome)

    def retire(self) -> None:
        """End it when the last of its runs has ended."""
        self._retired = True
        while self._spares:
            self._spares.popleft().dismiss()
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._retired and not self._children and not self._asked:
            self._end()

    def _end(self) -> None:
        """Close the socket, which ends the zygote unless it has ended; its runs continue alone."""
        if self._gone:
            return
        self._gone = True
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        while self._asked:
            self._asked.popleft().close()
        while wanted := self._next_wanted():
            wanted.set_exception(ZygoteEndedError())
        for child in self._children.values():
            child.end(0) if child in self._spares else child.orphaned()
        self._spares.clear()
        self._children.clear()
        self._settle("")

    async def close(self) -> None:
        """End it now, and its runs with it."""
        self._end()
        await self._process.wait()

    async def kill(self) -> None:
        """Kill it, wherever it has got stuck."""
        self._process.signal(9)
        await self.close()

    async def exit_code(self) -> int:
        """Wait for its end; return its exit code."""
        return await self._process.wait()


def _packed(order: Order) -> bytes:
    texts = {"script": order.script, "source": order.source, "package": order.package}
    lists: dict[str, Iterable[str]] = {"local": order.local, "skipped": sorted(order.skipped)}
    return marshal.dumps(
        {
            **{name: os.fsencode(text) for name, text in texts.items()},
            **{name: list(map(os.fsencode, items)) for name, items in lists.items()},
            "environ": _pairs(order.environ),
            "probe": order.probe,
        },
        _MARSHAL,
    )


def _request(job: Job, environ: Mapping[str, str]) -> bytes:
    request = {
        "args": list(map(os.fsencode, job.args)),
        "environ": _pairs(environ),
        "cwd": os.fsencode(job.cwd),
    }
    return marshal.dumps(request, _MARSHAL)


def _pairs(environ: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(os.fsencode(name), os.fsencode(value)) for name, value in environ.items()]


def _search_path(environ: Mapping[str, str]) -> str:
    return os.pathsep.join(filter(None, [str(PROGRAM), environ.get("PYTHONPATH", "")]))
