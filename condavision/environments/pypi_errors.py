"""The errors for distributions that cannot be fetched from PyPI, by whichever installer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.errors import InstallError
from condavision.system.secrets import redacted

if TYPE_CHECKING:
    from condavision.core.model import LockedPackage

RELOCK = "lock again: run `condavision lock --upgrade SCRIPT`"
NETWORK = "check the network and proxy settings, and run again: files already fetched are kept"


def label(package: LockedPackage) -> str:
    """Return what names a distribution in these errors, without credentials."""
    return f"{package.name} {package.version} ({redacted(package.url)})"


def other_content(what: str) -> InstallError:
    """Return the error for a file whose digest is not the locked one."""
    return InstallError(
        f"{what} is not the file that was locked: its sha256 differs.",
        "a file on PyPI never changes: find out why this one did",
        f"then {RELOCK}",
    )


def gone(what: str) -> InstallError:
    """Return the error for a file that its server no longer has."""
    return InstallError(f"{what} could not be installed: it is no longer there.", RELOCK)


def not_downloaded(what: str, reason: str, hint: str = NETWORK) -> InstallError:
    """Return the error for a download that failed."""
    return InstallError(f"{what} could not be downloaded: {reason}.", hint)
