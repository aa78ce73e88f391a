"""Executes a notebook: a kernel in its locked environment, and a client in condavision's own.

The environment needs ipykernel alone. The client (nbclient, of the extra ``notebook``) talks to a
kernel of any version of Python.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from condavision.environments.last_use import record_use
from condavision.errors import AnalysisError, NotebookError
from condavision.exec_stage.kernel import SPEC, spec_of
from condavision.system.files import read_text_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.exec_stage.prepared import Activated

    Show = Callable[[str, str], None]
    """Takes a stream, ``stdout`` or ``stderr``, and what a cell writes to it."""

_NAME = "condavision"


@dataclass(frozen=True, slots=True)
class CellFailure:
    """The cell that failed, numbered as in the file from 1, its error and its traceback.

    ``exception`` is the name of the error's class, as Jupyter's messages have it.
    """

    cell: int
    exception: str
    message: str
    traceback: str


@dataclass(frozen=True, slots=True)
class Execution:
    """How many cells of code were executed, and the one that failed, if any."""

    cells: int
    failure: CellFailure | None


def execute_notebook(
    found: Activated, notebook: Path, show: Show, output: Path | None
) -> Execution:
    """Execute a notebook in its folder, up to a cell that fails.

    With ``output``, the notebook with its outputs is written there, also after a failure.

    Raises:
        AnalysisError: it is not a notebook that can be read.
        NotebookError: the kernel does not start, or ends early.
        OSError: the output cannot be written.
    """
    document = _read(notebook)
    record_use(found.environment, notebook)
    spec = spec_of(found, _NAME)
    _, variables = found.command(["python"], os.environ)
    with TemporaryDirectory() as folder:
        place = Path(folder, _NAME)
        place.mkdir()
        (place / SPEC).write_text(json.dumps({**spec, "env": {}}), encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
        client = _Client(
            document,
            km=AsyncKernelManager(
                kernel_name=_NAME,
                kernel_spec_manager=specs,
                connection_file=str(Path(folder, "connection.json")),
                transport="tcp" if os.name == "nt" else "ipc",  # which no other user reaches
            ),
            kernel_name=_NAME,
            timeout=None,
            resources={"metadata": {"path": str(notebook.absolute().parent)}},
        )
        client.show = show
        try:
            asyncio.run(_execute(client, variables))
        except CellExecutionError:
            pass
        except (DeadKernelError, RuntimeError) as error:
            raise NotebookError(
                f"{notebook}: the kernel ended early: {error}", "see what it wrote above"
            ) from error
        finally:
            if output is not None:
                write_atomic(output, nbformat.writes(document) + "\n")  # type: ignore[no-untyped-call]
    return Execution(client.code_cells_executed, client.failure)


async def _execute(client: NotebookClient, variables: dict[str, str]) -> None:
    client.reset_execution_trackers()
    async with client.async_setup_kernel(cleanup_kc=True, env=variables):
        loop = asyncio.get_running_loop()
        with suppress(RuntimeError):  # Windows has none
            # nbclient's handlers fail where a cell runs; without them its exit stops the kernel.
            loop.remove_signal_handler(signal.SIGINT)
            loop.remove_signal_handler(signal.SIGTERM)
        loop.set_exception_handler(lambda *_: None)  # an interruption is no error to report
        try:
            for index, cell in enumerate(client.nb.cells):
                count = client.code_cells_executed + 1
                await client.async_execute_cell(cell, index, execution_count=count)
        except DeadKernelError:  # or an interruption
            client.shutdown_kernel = "immediate"
            raise
        client.set_widgets_metadata()


def _read(notebook: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # about cells without ids, which it adds
            return nbformat.reads(read_text_file(notebook), as_version=4)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        first = str(error).partition("\n")[0]
        raise AnalysisError(
            f"{notebook} cannot be read as a notebook: {first}", "open it in Jupyter and save it"
        ) from error


class _Client(NotebookClient):
    """Shows what cells write as they write it, and keeps the failure."""

    show: Show
    failure: CellFailure | None = None

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "stream":
            self.show(msg["content"]["name"], msg["content"]["text"])
        elif msg["msg_type"] == "error":
            content = msg["content"]
            traceback = "\n".join(content["traceback"])
            self.failure = CellFailure(
                cell_index + 1, content["ename"], content["evalue"], traceback
            )
        return super().output(outs, msg, display_id, cell_index)
