"""``slurm``: a job array of Slurm, a task for each line of a file of inputs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from condavision.export.share import MARK, ExportFormat, joined
from condavision.export.starting import start_of

if TYPE_CHECKING:
    from condavision.export.share import Share


def _render(share: Share) -> str:
    """Return a batch script; its arguments are the file of inputs, and arguments of the target.

    Raises:
        UsageError: files of the target lie outside the project.
    """
    script = share.require_script()
    start = start_of(script)
    key = script.located.project.key
    words = shlex.join(start.words)
    move = ["cd " + shlex.quote(str(start.folder))] if start.folder != PurePosixPath() else []
    return joined(
        [
            "#!/bin/sh",
            f"# Runs {json.dumps(key, ensure_ascii=False)} for each line of a file; {MARK}.",
            "# `condavision install` it first, with a CONDAVISION_HOME that all nodes see. In the",
            "# project: sbatch --array=1-$(grep -c '' INPUTS) THIS_FILE INPUTS [ARGS]...",
            f"#SBATCH --job-name={re.sub(r'[^A-Za-z0-9_.-]+', '-', key).strip('-')}",
            "inputs=${1:?no file of inputs is given}",
            "task=${SLURM_ARRAY_TASK_ID:?not a task of an array: submit it with --array}",
            "shift",
            'if [ -z "$(sed -n "$task=" <"$inputs")" ]; then',
            '    echo "$inputs has no line $task" >&2',
            "    exit 2",
            "fi",
            'line=$(sed -n "${task}p" <"$inputs")',
            *move,
            f'exec condavision run {words} "$@" "$line"',
        ]
    )


FORMAT = ExportFormat(_render, needs_script=True)
