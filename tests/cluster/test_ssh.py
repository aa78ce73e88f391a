"""`--cluster ssh:` with a real server of ssh on loopback."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.processes import until
from tests.cluster.test_addresses import require_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # a server, a scheduler, a worker
SSHD = "/usr/sbin/sshd"


@pytest.fixture
def ssh_home(project: Path, tmp_path: Path) -> Iterator[Path]:
    """A home folder whose user can reach a server of ssh on loopback."""
    if find_spec("asyncssh") is None or not Path(SSHD).exists() or os.geteuid():
        pytest.skip("no server of ssh, or no asyncssh, or not root")
    Path("/run/sshd").mkdir(exist_ok=True)
    folder = tmp_path / "home" / ".ssh"
    folder.mkdir(parents=True, mode=0o700)
    for name in ("host", "id_ed25519"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    key = folder.joinpath("host.pub").read_text().split()
    folder.joinpath("known_hosts").write_text(f"[127.0.0.1]:{port} {key[0]} {key[1]}\n")
    folder.joinpath("config").write_text(f"Host *\n  Port {port}\n  User {getpass.getuser()}\n")
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/id_ed25519.pub\nStrictModes no\nPermitRootLogin yes\n"
        f"SetEnv CONDAVISION_HOME={os.environ['CONDAVISION_HOME']}\n"
    )
    with subprocess.Popen([SSHD, "-D", "-f", str(config)], stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: server.poll() is not None or is_open(port))
            yield folder.parent
        finally:
            server.terminate()


def is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def is_running() -> bool:
    """Return whether there are processes that ssh has started."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return f"{sys.executable} -m distributed.cli.dask_spec" in found.stdout


def test_ssh(ssh_home: Path, project: Path) -> None:
    require_rows(project, "ssh:127.0.0.1,127.0.0.1", HOME=str(ssh_home))
    until(lambda: not is_running())
