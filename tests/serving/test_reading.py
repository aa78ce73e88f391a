"""Headers and forms, as clients write them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from condavision.serving.multipart import MultipartReader
from condavision.serving.preferences import Preferences, output_type, preferences

ACCEPTED = {
    "": "",
    "*/*": "",
    "application/json": "",
    "application/problem+json": "",
    "text/plain": "text/plain",
    "text/*": "text/plain",
    "Text/CSV; charset=utf-8": "text/csv",
    "application/json;q=0.5, text/csv": "text/csv",
    "text/csv;q=0.5, application/json": "",
    "text/csv;q=0, */*": "",
    "image/svg+xml": "image/svg+xml",
    "text/csv\r\nX: y": "",
    "text/<script>": "",
    ";;,,": "",
    "text/csv;q=nonsense": "",
}


@pytest.mark.parametrize(("accept", "expected"), ACCEPTED.items())
def test_accept(accept: str, expected: str) -> None:
    assert output_type(accept) == expected


PREFERRED = {
    "": None,
    "respond-async": 0.0,
    "Respond-Async; x=1": 0.0,
    "wait=5": 5.0,
    'respond-async, wait="5"': 5.0,
    "wait=nonsense": None,
    "wait=99999999": 3600.0,
    "return=minimal": None,
}


@pytest.mark.parametrize(("prefer", "wait"), PREFERRED.items())
def test_prefer(prefer: str, wait: float | None) -> None:
    assert preferences(Headers({"prefer": prefer})) == Preferences(wait)


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="n"\r\n\r\n\r\n--x\r\n'
    b'--b\r\nContent-Disposition: form-data; name="f"; filename="a\\"b.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n" + b"y" * 50 + b"\r\n--b--\r\n"
)


@given(st.lists(st.integers(0, len(FORM)), max_size=20))
def test_a_form_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(FORM)]
    reader = MultipartReader("multipart/form-data; boundary=b", parts=2)
    parts: dict[tuple[str, str | None], bytes] = {}
    for start, end in itertools.pairwise(places):
        for event in reader.feed(FORM[start:end]):
            key = event.name, event.file_name
            parts[key] = parts.get(key, b"") + event.data
    reader.finish()
    assert parts == {("n", None): b"\r\n--x", ("f", 'a"b.txt'): b"y" * 50}
