"""Clusters that `--cluster` starts or reaches by other ways than TCP: TLS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import dask
import pytest

from tests.cluster.processes import Cluster
from tests.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow  # a cluster each


def require_rows(project: Path, address: str, **environ: str) -> None:
    """Map a few inputs on a cluster, and check their rows."""
    project.joinpath("in.jsonl").write_text('{"text": "a"}\n{"text": "b", "write": "b.txt"}\n')
    words = ("map", "script.py", "in.jsonl", "-q", "-o", "out", "--cluster", address)
    CommandLine(project)(*words, environ=environ).ok()
    rows = [*map(json.loads, (project / "out" / "results.jsonl").read_text().splitlines())]
    assert [row["stdout"] for row in rows] == ["a|\n", "b|\n"]
    assert rows[1]["files"] == ["files/0/2/work/b.txt"]


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One certificate for all, in the variables that Dask reads."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test"]
    files = ["-keyout", str(key), "-out", str(made)]
    subprocess.run(["openssl", *words, *files], check=True, capture_output=True)
    found = {"ca-file": str(made)}
    for role in ("scheduler", "worker", "client"):
        found |= {f"{role}.key": str(key), f"{role}.cert": str(made)}
    names = {f"distributed.comm.tls.{name}": it for name, it in found.items()}
    for name, value in names.items():
        variable = name.replace(".", "__").replace("-", "_").upper()
        monkeypatch.setenv(f"DASK_{variable}", value)
    with dask.config.set(names):
        yield


def test_tls(certificate: None, project: Path, tmp_path: Path) -> None:
    found = Cluster(tmp_path, protocol="tls")
    try:
        assert found.address.startswith("tls://")
        found.worker()
        require_rows(project, found.address)
        stranger = {name: "" for name in os.environ if name.startswith("DASK_")}
        command = CommandLine(project)
        words = ("map", "script.py", "in.jsonl", "-o", "no", "--cluster", found.address)
        refused = command(*words, environ=stranger)
        assert refused.code == 1
        assert "Traceback" not in refused.err
    finally:
        found.close()
