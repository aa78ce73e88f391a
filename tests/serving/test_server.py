"""The sockets of the service."""

from __future__ import annotations

import os
import socket

import pytest

from condavision.errors import UsageError
from condavision.serving.server import open_sockets

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")


def test_no_packet_of_an_answer_waits_for_the_one_before() -> None:
    (listener,) = open_sockets("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_that_is_taken_is_an_error() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UsageError, match=r"port [0-9]+: Address already in use$"),
    ):
        open_sockets(*taken.getsockname())
