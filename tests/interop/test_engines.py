"""Exports for Snakemake and Slurm, run by a real Snakemake and a real Slurm, if there are any."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.interop.conftest import LockedProject

    MakeProject = Callable[[Mapping[str, str]], Path]

SNAKEFILE = """\
rule words:
    output: "words.txt"
    conda: "envs/words.yml"
    shell: "python words.py >{output}; command -v python >>{output}"
"""


@pytest.mark.slow
def test_snakemake_makes_the_environment_of_the_lock(project: LockedProject, conda: str) -> None:
    if shutil.which("snakemake") is None:
        pytest.skip("snakemake is not installed on this machine")
    if not conda.endswith("/conda"):
        pytest.skip("snakemake knows conda alone")
    project.lock("words.py", "linux-64", "win-64")
    command = project.command
    command("export", "words.py", "--format", "snakemake", "-o", "envs/words.yml").ok()
    (command.folder / "Snakefile").write_text(SNAKEFILE)
    ran = subprocess.run(
        ["snakemake", "words", "--cores", "1", "--sdm", "conda"],
        cwd=command.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    words, python = (command.folder / "words.txt").read_text().splitlines()
    assert "Using pinnings from" in ran.stderr
    assert words == "1,234,567 six"  # one from PyPI, one from conda
    assert python.startswith(str(command.folder / ".snakemake/conda"))


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
    NodeName={host} NodeAddr=127.0.0.1 CPUs=2
    PartitionName=all Nodes={host} Default=YES OverSubscribe=YES
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


@pytest.mark.slow
def test_slurm_runs_a_task_for_each_line(
    make_project: MakeProject, home: Path, slurm: None
) -> None:
    script = "import six, sys\nprint(sys.argv[1:])\nsys.exit(3 * (sys.argv[-1] == 'bad'))\n"
    settings = {"condavision.toml": 'channels = ["interpreters:"]\n'}
    command = InProcess(make_project({**settings, "a b.py": script, "inputs": "one\nbad\n$x y"}))
    command("lock", "a b.py").ok()
    command("install", "a b.py").ok()
    command("export", "a b.py", "--format", "slurm", "-o", "ab.sbatch").ok()
    tools = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    submit = ["sbatch", "--wait", "--array=1-3", "--output=%a.out", "ab.sbatch", "inputs", "-v"]
    assert command.process(submit, environ=tools).code == 3  # the highest of the tasks
    found = [(command.folder / f"{task}.out").read_text() for task in (1, 2, 3)]
    assert found == ["['-v', 'one']\n", "['-v', 'bad']\n", "['-v', '$x y']\n"]
