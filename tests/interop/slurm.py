"""A real Slurm, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLURM = ("munged", "slurmctld", "slurmd", "sbatch")
_CONF = """\
    ClusterName=test
    SlurmctldHost={host}(127.0.0.1)
    SlurmctldPort={ports[0]}
    SlurmdPort={ports[1]}
    AuthType=auth/munge
    AuthInfo=socket={folder}/munge.socket
    SlurmUser=root
    SlurmdUser=root
    StateSaveLocation={folder}/state
    SlurmdSpoolDir={folder}/spool
    SlurmctldPidFile={folder}/ctld.pid
    SlurmdPidFile={folder}/d.pid
    ProctrackType=proctrack/linuxproc
    TaskPlugin=task/none
    MpiDefault=none
    SelectType=select/cons_tres
    SelectTypeParameters=CR_Core_Memory
    SlurmdParameters=config_overrides
    NodeName={host} NodeAddr=127.0.0.1 CPUs=32 RealMemory=128000
    PartitionName=compute Nodes={host} Default=YES
    PartitionName=short Nodes={host} MaxTime=1
    PartitionName=down Nodes={host} State=DOWN
"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Slurm of one node, as processes of this user; it ends with the test."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
    lacking = [name for name in _SLURM if shutil.which(name) is None]
    if lacking or os.geteuid() != 0:
        pytest.skip(f"no Slurm can be started here: {', '.join(lacking) or 'not root'}")
    folder = Path(tempfile.mkdtemp(dir="/run"))  # munge trusts no folder below /tmp
    folder.chmod(0o755)
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [server.getsockname()[1] for server in free]
    for server in free:
        server.close()
    conf = _CONF.format(host=socket.gethostname().partition(".")[0], folder=folder, ports=ports)
    (folder / "slurm.conf").write_text(textwrap.dedent(conf))
    (folder / "key").write_bytes(os.urandom(128))
    (folder / "key").chmod(0o600)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    files = {"socket": "munge.socket", "key-file": "key", "pid-file": "pid", "log-file": "log"}
    munge = ["munged", *(f"--{name}={folder / file}" for name, file in files.items())]
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    with ExitStack() as running:
        running.callback(shutil.rmtree, folder)
        subprocess.run([*munge, f"--seed-file={folder / 'seed'}"], check=True)
        running.callback(subprocess.run, [munge[0], "--stop", munge[1]], check=False)
        log = running.enter_context((folder / "stderr").open("ab"))
        for daemon in ("slurmctld", "slurmd"):
            process = subprocess.Popen([daemon, "-D"], stdout=log, stderr=log)
            running.enter_context(process)
            running.callback(process.terminate)
            while subprocess.call(["scontrol", "ping"], stdout=log, stderr=log):
                assert process.poll() is None, (folder / "stderr").read_text()
        yield
