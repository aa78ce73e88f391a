"""The scripts that are served, kept up to date while sources and locks change.

A request for a script costs a few ``stat`` calls: what decided on its environment is unchanged, or
it is surveyed again first. If only its lock has changed, the environment it has runs requests until
the new one is installed beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import logging
import pickle
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from condavision.errors import CondavisionError, UsageError
from condavision.serving.problems import Problem
from condavision.serving.survey import (
    Listing,
    Note,
    Question,
    Refusal,
    RefusalKind,
    Surveyed,
    frame_length,
    unchanged,
)
from condavision.serving.waiting import BriefCalls
from condavision.system.own_python import own_python

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator

    from condavision.cluster.bundle import Packed
    from condavision.exec_stage.prepared import Prepared
    from condavision.serving.survey import Answer

_log = logging.getLogger(__name__)

_RETRY = 5.0  # seconds until a script that cannot be served is looked at again, without a reason
_POLL = 1.0  # seconds between two looks for new scripts and locks
_AT_ONCE = 2  # surveys
_FRAME = 1 << 16


@dataclass(frozen=True, slots=True)
class Ready:
    """A script that can be started now."""

    surveyed: Surveyed
    prepared: Prepared | Packed


class Catalog:
    """The scripts below the served paths, by the name that requests have for them."""

    def __init__(self, question: Question) -> None:
        """Know nothing yet; :meth:`open` looks."""
        self._question = question
        self.scripts: dict[str, Surveyed] = {}
        self.names: tuple[str, ...] = ()
        self.complete = asyncio.Event()
        """Set once every script has been looked at."""
        self._checks: tuple[tuple[str, str, str], ...] = ()
        self.looked_at = ""
        """The script that the survey of all is at; empty where none is under way."""
        self._files = BriefCalls()
        self._surveys = asyncio.Semaphore(_AT_ONCE)
        self._alone: dict[str, asyncio.Lock] = {}
        self._renewals: dict[str, asyncio.Task[None]] = {}
        self._polling: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """List the scripts, and begin to prepare them.

        Raises:
            CondavisionError: a path does not exist, two scripts would have one name, or the survey
                fails.
        """
        listed = asyncio.Event()
        self._polling = asyncio.create_task(self._keep_current(listed))
        waiting = asyncio.create_task(listed.wait())
        await asyncio.wait({self._polling, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._polling.done():
            self._polling.result()

    async def close(self) -> None:
        """End every survey."""
        tasks = [task for task in (self._polling, *self._renewals.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ready(self, name: str) -> Ready:
        """Return a script that can be started.

        Raises:
            Problem: there is none of that name (404), it has no lock that fits (409), or there is
                no environment for it (503), or not yet.
        """
        found = await self.current(name)
        if found.prepared is not None:
            return Ready(found, found.prepared)
        retry = {"Retry-After": f"{_RETRY:.0f}"}
        if name == self.looked_at and not await asyncio.to_thread(unchanged, found.others):
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"the locks have changed: the environment of {name} is being prepared",
                headers=retry,
            )
        refusal = found.refusal or Refusal(RefusalKind.UNAVAILABLE, f"{name} is not ready")
        unlocked = refusal.kind is RefusalKind.UNLOCKED
        raise Problem(
            HTTPStatus.CONFLICT if unlocked else HTTPStatus.SERVICE_UNAVAILABLE,
            refusal.message,
            *refusal.hints,
            headers={} if unlocked else retry,
        )

    async def current(self, name: str) -> Surveyed:
        """Return what is known of a script, as of now.

        Raises:
            Problem: there is none of that name.
        """
        found = self.scripts.get(name)
        if found is None and name not in self.names:
            await self._look_again()
            if name not in self.names:
                raise self._unknown(name)
            found = self.scripts.get(name)
        if found is None or not await self._is_current(found):
            async with self._alone.setdefault(name, asyncio.Lock()):
                found = self.scripts.get(name)
                if found is None or not await self._is_current(found):
                    await self._survey((name,))
                    found = self.scripts.get(name)
        if found is None:
            raise self._unknown(name)
        return found

    def _unknown(self, name: str) -> Problem:
        whole = [it for it in self.names if it.rpartition(".")[0] == name]
        near = whole or difflib.get_close_matches(name, self.names, n=3, cutoff=0.75)
        hints = [f"similar names: {', '.join(near)}"] if near else []
        return Problem(HTTPStatus.NOT_FOUND, f"no script {name}", *hints, "see /scripts")

    async def _is_current(self, found: Surveyed) -> bool:
        """Return whether a script may be started, or refused, as it was found."""
        if found.prepared is None:
            if found.name == self.looked_at:  # a second survey would wait for the first
                return await asyncio.to_thread(unchanged, found.sources)
            recent = time.monotonic() - found.when < _RETRY
            checks = *self._checks, *found.sources, *found.others
            return recent and await asyncio.to_thread(unchanged, checks)
        sources, others = await self._compared(found)
        if sources and found.settled and not others and found.is_there:
            self._renew(found)
            return True
        return sources and others and found.settled

    async def _compared(self, found: Surveyed) -> tuple[bool, bool]:
        """Return whether the sources of a script are unchanged, and whether the rest is."""

        def compare() -> tuple[bool, bool]:
            return unchanged(found.sources), unchanged(found.others)

        return await self._files.call(compare)

    def _renew(self, found: Surveyed) -> None:
        """Begin to prepare a script anew, unless that has begun or failed just now."""
        name = found.name
        if name not in self._renewals and time.monotonic() - found.when > _POLL:
            task = asyncio.create_task(self._survey_calmly((name,)))
            self._renewals[name] = task
            task.add_done_callback(lambda _: self._renewals.pop(name))

    async def _survey_calmly(self, only: tuple[str, ...]) -> None:
        try:
            await self._survey(only)
        except CondavisionError as error:  # the environment that is there stays in use
            _log.warning("%s", error.message)

    async def _keep_current(self, listed: asyncio.Event) -> None:
        try:
            await self._survey(None, listed)
        except Exception:
            if not listed.is_set():
                raise
            _log.exception("the survey of the scripts")
        else:
            served = sum(it.prepared is not None for it in self.scripts.values())
            _log.info(
                *("scripts: %d, served: %d; Ctrl-C ends", len(self.names), served),
                extra={"scripts": len(self.names), "served": served},
            )
        self.complete.set()
        while True:
            await asyncio.sleep(_POLL)
            try:
                await self._look_again()
            except CondavisionError as error:
                _log.warning("%s", error.message)
            except Exception:  # noqa: BLE001 - the next may go well
                _log.exception("the survey of the scripts")

    async def _look_again(self) -> None:
        """Survey everything again if there may be other scripts or locks."""
        if not await self._is_listed():
            await self._survey(None)

    async def _is_listed(self) -> bool:
        return await asyncio.to_thread(unchanged, self._checks)

    async def _survey(
        self, only: tuple[str, ...] | None, listed: asyncio.Event | None = None
    ) -> None:
        question = replace(self._question, only=only)
        async with self._surveys:
            if only is None and self.complete.is_set() and await self._is_listed():
                return  # another survey was waited for
            names: Iterator[str] = iter(())
            try:
                async with contextlib.aclosing(_asked(question)) as answers:
                    async for answer in answers:
                        self._hear(answer)
                        if isinstance(answer, Listing):
                            names = iter(answer.names)
                            if listed is not None:
                                listed.set()
                        if only is None and not isinstance(answer, Note):  # in their order
                            self.looked_at = next(names, "")
            finally:
                if only is None:
                    self.looked_at = ""

    def _hear(self, answer: Answer | Refusal) -> None:
        if isinstance(answer, Listing):
            self.names, self._checks = answer.names, answer.checks
            self.scripts = {k: v for k, v in self.scripts.items() if k in self.names}
        elif isinstance(answer, Surveyed):
            self._take(replace(answer, when=time.monotonic()))
        elif isinstance(answer, Refusal):
            raise UsageError(answer.message, *answer.hints)
        else:
            _log.log(logging.WARNING if answer.warning else logging.INFO, answer.text)

    def _take(self, new: Surveyed) -> None:
        """Switch to what was found, unless that is only that a new environment cannot be had."""
        old = self.scripts.get(new.name)
        refusal = new.refusal
        if refusal is not None and refusal != (old and old.refusal):
            where = "" if refusal.names_script else f"{new.name}: "
            _log.warning("%s%s", where, refusal.message, extra={"script": new.name})
        if (
            old is not None
            and old.is_there
            and refusal is not None
            and refusal.kind is RefusalKind.UNAVAILABLE
            and unchanged(old.sources)
        ):
            new = replace(old, refusal=refusal, when=new.when)
        self.scripts[new.name] = new

    def all(self) -> Iterable[tuple[str, Surveyed | None]]:
        """Return every name with what is known of it so far."""
        return ((name, self.scripts.get(name)) for name in self.names)


async def _asked(question: Question) -> AsyncGenerator[Any, None]:
    """Yield the answers of a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *own_python("from condavision.serving.surveying import main; main()"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_FRAME,
    )
    assert process.stdin is not None  # noqa: S101 - as asked for
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(pickle.dumps(question))
        process.stdin.close()
        with contextlib.suppress(asyncio.IncompleteReadError):  # at the end
            while True:
                length = frame_length(await process.stdout.readexactly(4))
                yield pickle.loads(await process.stdout.readexactly(length))  # noqa: S301 - our own
        if await process.wait():
            raise CondavisionError(
                f"the survey of the scripts ended with exit code {process.returncode}",
                "see what it has written to standard error",
            )
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
