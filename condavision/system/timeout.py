"""How long to wait for a server that sends nothing, or next to nothing."""

from __future__ import annotations

import os

from condavision.errors import ConfigError

TIMEOUT = "CONDAVISION_TIMEOUT"
"""The variable that sets it."""

LONGER = f"check the network, or wait longer: export {TIMEOUT}=3600 (seconds)"


def timeout() -> int:
    """Return ``CONDAVISION_TIMEOUT`` in seconds; 300 where it is not set.

    Raises:
        ConfigError: it is not a number of seconds.
    """
    text = os.environ.get(TIMEOUT, "") or "300"
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"{TIMEOUT} is `{text}`, not a number of seconds", f"unset {TIMEOUT}")
    return int(text)
