"""A script cannot tell whether it was started warm or cold."""

from __future__ import annotations

import shutil

import pytest

from tests.serving.zygote.conftest import HEAD, Bench
from tests.serving.zygote.programs import PROGRAMS, Program


@pytest.mark.parametrize("program", PROGRAMS, ids=[it.name for it in PROGRAMS])
def test_warm_and_cold_give_the_same(shared: Bench, program: Program) -> None:
    if shared.version < program.since:
        pytest.skip("this Python cannot run it")
    for name, content in program.files.items():
        path = shared.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    prepared = shared.prepared()
    fixed = {k: v for k, v in program.environ.items() if k.startswith(("PYTHON", "TZ"))}
    starter = shared.starter(fixed)
    shared.write(program.code.replace("HEAD", HEAD))
    cold, warm = shared.runner.run(shared.cold_and_warm(starter, prepared, program))
    assert warm == cold
    for name in program.files:
        shutil.rmtree(shared.folder / name.split("/")[0], ignore_errors=True)


@pytest.mark.slow  # 20 MB, hundreds of times what a pipe holds
def test_large_output_is_the_same(shared: Bench) -> None:
    shared.write("import sys\nfor n in range(20): sys.stdout.write(chr(65 + n % 26) * 1_000_000)")
    prepared = shared.prepared()
    program = Program("", "")
    cold, warm = shared.runner.run(shared.cold_and_warm(shared.starter({}), prepared, program))
    assert len(warm.stdout) == 20_000_000
    assert warm == cold
