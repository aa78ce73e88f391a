"""rattler's HTTP client, with the user's credentials."""

from __future__ import annotations

from rattler import Client
from rattler.exceptions import AuthenticationStorageError

from condavision.errors import ConfigError


def open_client(timeout: int) -> Client:
    """Return a client whose requests fail after ``timeout`` seconds.

    Raises:
        ConfigError: a file with credentials cannot be read.
    """
    try:
        return Client.default_client(timeout=timeout)
    except AuthenticationStorageError as error:
        raise ConfigError(str(error)) from error
