"""rattler's HTTP client."""

from __future__ import annotations

import pytest
from rattler import Client

from condavision.errors import ConfigError
from condavision.system.rattler_client import open_client


def test_a_client_that_cannot_be_made_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Client:
        raise ValueError("builder error")  # as without any certificates

    monkeypatch.setattr(Client, "default_client", fail)
    with pytest.raises(ConfigError, match="builder error"):
        open_client(1)
