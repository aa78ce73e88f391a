"""What a request gives a script: arguments, standard input, files; of any size in constant memory.

=====================================  =====================================================
content type                           meaning
=====================================  =====================================================
``application/json``                   an object: named parameters; ``args``, ``stdin``
``application/x-www-form-urlencoded``  the same as a form's fields, or JSON as curl sends it
``multipart/form-data``                the same; a file's value is its path; ``stdin`` may be one
any other                              standard input; parameters are in the query
=====================================  =====================================================
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from condavision.exec_stage.run_folder import safe_name
from condavision.serving.multipart import MultipartReader
from condavision.serving.problems import Problem
from condavision.serving.spool import Spool
from condavision.system.documents import DocumentError, read_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from condavision.core.serving import Serving
    from condavision.exec_stage.run_folder import RunFolder
    from condavision.serving.multipart import PartEvent

STDIN = "stdin"

_PATIENCE = 30.0  # seconds that a client may take to send more
_DISCARDED = 1 << 25  # bytes
_LINGER = 1.0  # seconds without any, after which no more are discarded
_PARTS = 1000
_SMALL = 1 << 16  # bytes of standard input that are kept in memory
_JSON, _FORM, _MULTIPART = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)


@dataclass(slots=True)
class Inputs:
    """What a request has: parameters by name.

    They are ``texts`` in a query or form, where a repeated name has a list; else JSON values.
    ``stdin`` is standard input if it is small and not in the run's folder.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    texts: bool = True
    stdin: bytes = b""

    def add(self, name: str, text: str) -> None:
        """Add the value of a field."""
        if name not in self.parameters:
            self.parameters[name] = text
        elif isinstance(self.parameters[name], list):
            self.parameters[name].append(text)
        else:
            self.parameters[name] = [self.parameters[name], text]


async def receive(request: Request, folder: RunFolder, settings: Serving) -> Inputs:
    """Read the body of a request; files and large standard input are written to the run's folder.

    The folder is made only then.

    Raises:
        Problem: it is too large (413), too slow (408), malformed (400, 422).
        ClientDisconnect: the client has gone.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    inputs = Inputs()
    for name, text in request.query_params.multi_items():
        inputs.add(name, text)
    if kind == _MULTIPART:
        await asyncio.to_thread(folder.make_uploads)
        await _receive_multipart(request, folder, settings, inputs)
    elif kind in {_JSON, _FORM} or kind.endswith("+json"):
        body = b"".join([part async for part in _limited(request, settings.request)])
        if kind == _FORM and not body.lstrip().startswith(b"{"):
            _add_form(body, inputs)
        elif body.strip():
            inputs = _document(body)
    else:
        await _receive_stdin(request, folder, settings.upload, inputs)
    return inputs


def _document(body: bytes) -> Inputs:
    try:
        document = read_json(body)
    except DocumentError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the body must be a JSON object")
    return Inputs(document, texts=False)


def _add_form(body: bytes, inputs: Inputs) -> None:
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_PARTS)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the form cannot be read: {error}") from error
    for name, text in fields:
        inputs.add(name, text)


async def _limited(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield a body of at most ``limit`` bytes."""
    declared = request.headers.get("content-length", "")
    total = int(declared) if declared.isdecimal() else 0
    received = 0
    stream = _patiently(request)
    if total <= limit:
        async for part in stream:
            received += len(part)
            if received > limit:
                break
            yield part
        else:
            return
    if request.headers.get("expect") is None:  # else the client has not begun to send
        await _discard(request)
    raise _too_large("the body is", limit)


async def _patiently(request: Request) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(_PATIENCE):
                part = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Problem(
                HTTPStatus.REQUEST_TIMEOUT, f"nothing was sent for {_PATIENCE:.0f} seconds"
            ) from None
        yield part


async def _discard(request: Request) -> None:
    """Let a client send some more: one that is cut off while it sends may miss the answer."""
    left = _DISCARDED
    with contextlib.suppress(TimeoutError):
        while left > 0:
            message = await asyncio.wait_for(request.receive(), _LINGER)
            left -= len(message.get("body", b""))
            if not message.get("more_body", False):
                return


def _too_large(what: str, limit: int) -> Problem:
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"{what} larger than {limit} bytes",
        "send large data as standard input or as files, whose limit is `upload`",
        headers={"Connection": "close"},
        limit=limit,
    )


async def _receive_stdin(request: Request, folder: RunFolder, limit: int, inputs: Inputs) -> None:
    spool: Spool | None = None
    try:
        async for part in _limited(request, limit):
            if spool is not None:
                await spool.write(part)
                continue
            inputs.stdin += part
            if len(inputs.stdin) > _SMALL:
                await asyncio.to_thread(folder.make)
                spool = Spool(folder.stdin)
                await spool.write(inputs.stdin)
                inputs.stdin = b""
        if spool is not None:
            await spool.finish()
    finally:
        if spool is not None:
            spool.close()


async def _receive_multipart(
    request: Request, folder: RunFolder, settings: Serving, inputs: Inputs
) -> None:
    """Read fields into ``inputs`` and files into the folder."""
    reader = MultipartReader(request.headers["content-type"], parts=_PARTS)
    form = _Form(folder, settings.request, inputs)
    try:
        async for chunk in _limited(request, settings.upload):
            for event in reader.feed(chunk):
                await form.take(event)
        reader.finish()
    finally:
        form.close()


class _Form:
    """Takes the parts of a form: fields as texts, files into the run's folder."""

    def __init__(self, folder: RunFolder, limit: int, inputs: Inputs) -> None:
        """Take fields of at most ``limit`` bytes in all."""
        self._folder = folder
        self._limit = limit
        self._inputs = inputs
        self._names: set[str] = set()
        self._size = 0
        self._text = bytearray()
        self._spool: Spool | None = None

    async def take(self, event: PartEvent) -> None:
        """Take the next event.

        Raises:
            Problem: the fields are too large, or a file cannot be stored.
        """
        if event.begins:
            self._begin(event)
        elif event.ends and self._spool is not None:
            await self._spool.finish()
            self.close()
        elif event.ends:
            self._inputs.add(event.name, self._text.decode(errors="replace"))
        elif self._spool is not None:
            await self._spool.write(event.data)
        else:
            self._size += len(event.data)
            if self._size > self._limit:
                raise _too_large("the fields are", self._limit)
            self._text += event.data

    def _begin(self, event: PartEvent) -> None:
        self._text.clear()
        if event.name == STDIN:
            self._spool = Spool(self._folder.stdin)
        elif event.file_name:  # a browser sends an empty one where no file was chosen
            path = self._folder.uploads / safe_name(event.file_name, self._names)
            self._spool = Spool(path)
            self._inputs.add(event.name, str(path))

    def close(self) -> None:
        """Close the file of the current part."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None
