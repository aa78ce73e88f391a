"""``multipart/form-data`` (RFC 7578) as events, however it is cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from condavision.serving.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class PartEvent:
    """A part ``begins`` or ``ends``, or has ``data``; ``file_name`` is None for a field."""

    name: str
    file_name: str | None = None
    data: bytes = b""
    begins: bool = False
    ends: bool = False


class MultipartReader:
    """Reads the parts of one body."""

    def __init__(self, content_type: str, parts: int) -> None:
        """Read a body of that type, of at most so many ``parts``.

        Raises:
            Problem: the type has no boundary.
        """
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary or len(boundary) > 70:  # RFC 2046
            raise _malformed("the content type has no valid boundary")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._complete,
            },
        )
        self._left = parts
        self._events: list[PartEvent] = []
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._name = ""
        self._file_name: str | None = None
        self._is_complete = False

    def feed(self, chunk: bytes) -> Iterator[PartEvent]:
        """Yield what a chunk of the body has.

        Raises:
            Problem: it is malformed, or has too many parts.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from error
        events, self._events = self._events, []
        yield from events

    def finish(self) -> None:
        """Note the end of the body.

        Raises:
            Problem: parts are missing.
        """
        if not self._is_complete:
            raise _malformed("it ends in the middle of a part")

    def _begin(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the form has too many parts")
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        if disposition != b"form-data" or name is None:
            raise _malformed("a part has no name")
        self._name = name.decode(errors="replace")
        file_name = options.get(b"filename")
        self._file_name = None if file_name is None else file_name.decode(errors="replace")
        self._events.append(PartEvent(self._name, self._file_name, begins=True))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartEvent(self._name, self._file_name, data[start:end]))

    def _end(self) -> None:
        self._events.append(PartEvent(self._name, self._file_name, ends=True))

    def _complete(self) -> None:
        self._is_complete = True


def _malformed(why: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, f"the form cannot be read: {why}")
