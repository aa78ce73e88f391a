"""One row makes an engine: settings and options offer it, and its file is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.compile_stage.solving.channel_index import ChannelIndex
from condavision.compile_stage.solving.engine import ENGINES, open_engine
from condavision.compile_stage.solving.gateway import open_gateway
from condavision.core.model import Engine

if TYPE_CHECKING:
    from pathlib import Path


def test_every_engine_can_be_asked_for() -> None:
    assert set(ENGINES) == set(Engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_opens(engine: Engine, tmp_path: Path) -> None:
    index = ChannelIndex(open_gateway(tmp_path), ["conda-forge"], [])
    assert callable(open_engine(engine, index, conda="sh").solve)
