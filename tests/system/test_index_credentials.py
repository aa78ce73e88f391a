"""Where the credentials of a file on a private index come from."""

from __future__ import annotations

import pytest

from condavision.system.index_credentials import with_credentials

FILE = "https://host:8443/files/a-1-py3-none-any.whl"
OPENED = "https://u:p%40w@host:8443/files/a-1-py3-none-any.whl"
CASES: list[tuple[dict[str, str], str]] = [
    ({}, FILE),
    ({"UV_DEFAULT_INDEX": "https://u:p%40w@host:8443/simple"}, OPENED),
    ({"UV_INDEX_URL": "https://u:p%40w@host:8443/simple"}, OPENED),
    ({"UV_EXTRA_INDEX_URL": "https://x/simple https://u:p%40w@host:8443/simple"}, OPENED),
    (
        {
            "UV_INDEX": "our-own=https://host:8443/simple",
            "UV_INDEX_OUR_OWN_USERNAME": "u",
            "UV_INDEX_OUR_OWN_PASSWORD": "p@w",
        },
        OPENED,
    ),
    ({"UV_DEFAULT_INDEX": "https://u:p%40w@host/simple"}, FILE),
    ({"UV_DEFAULT_INDEX": "http://u:p%40w@host:8443/simple"}, FILE),
    ({"UV_DEFAULT_INDEX": "https://host:8443/simple"}, FILE),
]


@pytest.mark.parametrize(("environ", "expected"), CASES)
def test_an_index_on_the_same_server(environ: dict[str, str], expected: str) -> None:
    assert with_credentials(FILE, environ) == expected


def test_files_of_folders_need_none() -> None:
    environ = {"UV_DEFAULT_INDEX": "https://u:p@host/simple"}
    assert with_credentials("file:///a-1.whl", environ) == "file:///a-1.whl"
