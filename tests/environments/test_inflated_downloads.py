"""An archive that its server compresses once more cannot fill the disk."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from condavision.core.model import LockedPackage, Manager
from condavision.environments import download as downloads
from condavision.environments.download import DownloadError, download, open_downloads
from condavision.system.progress import Progress, Work

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MEGABYTE = 1 << 20


@contextmanager
def _compressing_server(content: bytes, asked: list[str | None]) -> Iterator[str]:
    """Yield a URL that answers with gzip of ``content``, whatever encoding was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Accept-Encoding"])
            body = gzip.compress(content, 6)
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a-1-0.conda"
        server.shutdown()


def _download(content: bytes, target: Path, asked: list[str | None]) -> int:
    with (
        _compressing_server(content, asked) as url,
        Progress().doing(Work.FETCHING, 1) as task,
    ):
        package = LockedPackage(
            name="a",
            version="1",
            manager=Manager.CONDA,
            platform="linux-64",
            url=url,
            sha256=hashlib.sha256(content).hexdigest(),
        )
        return asyncio.run(download(open_downloads(), package, target, task))


def test_what_compresses_too_well_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_TRUSTED", _MEGABYTE)
    asked: list[str | None] = []
    with pytest.raises(DownloadError, match="no archive"):
        _download(bytes(50 * _MEGABYTE), tmp_path / "zeros", asked)
    assert (tmp_path / "zeros").stat().st_size <= 2 * _MEGABYTE
    archive = os.urandom(2 * _MEGABYTE) + bytes(4 * _MEGABYTE)  # some of it is stored
    assert _download(archive, tmp_path / "archive", asked) == len(archive)
    assert asked == ["identity", "identity"], "nobody asked for it"
