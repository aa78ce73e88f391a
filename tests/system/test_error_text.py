"""The cause is in an error's text, not in the names it mentions."""

from __future__ import annotations

import pytest

from condavision.system.error_text import certificate_hint, without_names


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("error sending request for url (http://a.b/404-x.whl)", "for url (...)"),
        ("failed to fetch bzip2-1.0-h_0.conda", "failed to fetch ..."),
        ("failed to fetch zstd-1.5-h_0.tar.bz2: timed out", "fetch ...: timed out"),
        ("`foo @ file:///404/foo.whl` not found", "`foo @ ...` not found"),
        (
            "/home/404/x y: Permission denied (os error 13)",
            "... y: Permission denied (os error 13)",
        ),
        (r"C:\404\x: denied", "... denied"),
        (f"expected {64 * '4'}, got {64 * '0'}", "expected ..., got ..."),
        ("HTTP status client error (404 Not Found)", "HTTP status client error (404 Not Found)"),
    ],
)
def test_names_are_left_out(text: str, rest: str) -> None:
    assert without_names(text).endswith(rest)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("invalid peer certificate: UnknownIssuer", True),
        ("error sending request for url (https://a.b/certificate-1.whl)", False),
        ("", False),
    ],
)
def test_a_hint_for_certificates_alone(text: str, hint: bool) -> None:
    assert bool(certificate_hint(text)) is hint
