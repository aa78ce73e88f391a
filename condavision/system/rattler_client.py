"""rattler's HTTP client, with the user's credentials, and its channels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rattler import Channel, ChannelConfig, Client
from rattler.exceptions import AuthenticationStorageError
from rattler.networking.middleware import (
    AddHeadersMiddleware,
    AuthenticationMiddleware,
    GCSMiddleware,
    OciMiddleware,
    RetryMiddleware,
    S3Middleware,
)

from condavision.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


def open_client(
    timeout: int,
    headers: dict[str, str] | Callable[[], dict[str, str]] | None = None,
    *,
    retries: int = 3,
) -> Client:
    """Return a client whose requests have ``headers`` and fail after ``timeout`` seconds.

    A function is asked for the headers of each request. What fails for the moment is tried again,
    up to ``retries`` times.

    Raises:
        ConfigError: a file with credentials cannot be read, or the system has no certificates.
    """
    try:
        if not callable(headers):
            return Client.default_client(retries, timeout=timeout, headers=headers)
        return Client(
            [  # those of the default client, and ours
                RetryMiddleware(retries),
                AuthenticationMiddleware(),
                OciMiddleware(),
                GCSMiddleware(),
                S3Middleware(),
                AddHeadersMiddleware(lambda *_: headers()),
            ],
            timeout=timeout,
        )
    except AuthenticationStorageError as error:
        raise ConfigError(str(error), "correct or remove that file") from error
    except ValueError as error:  # a system without any certificates
        raise ConfigError(
            f"no HTTPS client can be made: {error}",
            "install the system's certificates (the package ca-certificates), or name a file of"
            " some: run `export SSL_CERT_FILE=FILE`",
        ) from error


def open_channel(name: str) -> Channel:
    """Return a channel by its name or URL; the current folder, of any name, plays no part."""
    return Channel(name, ChannelConfig(root_dir=os.sep))
