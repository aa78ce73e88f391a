"""Why a part of a script's command line is not known, in words: for the command and for pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.analysis.parameters.interface import UnreadReason

if TYPE_CHECKING:
    from condavision.analysis.parameters.interface import Unread

_WORDS = {
    UnreadReason.COMPUTED: "the name of an option or a command is computed",
    UnreadReason.COMPUTED_COUNT: "how many values an option takes is computed",
    UnreadReason.CONDITIONAL: "added under a condition, or in a loop, that only a run decides",
    UnreadReason.CUSTOM_ACTION: "the script's own class {} decides what is accepted",
    UnreadReason.PASSED_ON: "{} may add parameters",
    UnreadReason.DECORATOR: "the decorator {} may add parameters",
    UnreadReason.REST_ALLOWED: "further arguments are accepted",
    UnreadReason.ARGV: "sys.argv is read directly",
    UnreadReason.OTHER_ARGUMENTS: "what is parsed is computed",
    UnreadReason.SEVERAL: "another parser reads the command line too",
    UnreadReason.LIBRARY: "the command line is read by {}, which is not supported",
    UnreadReason.NOT_FOLLOWED: "{} is imported, but no use of it was found that is sure to run",
    UnreadReason.NAME: "the name of command {} depends on the version of click",
    UnreadReason.SYNTAX: "not read as Python",
    UnreadReason.TOO_MUCH: "too much happens before the command line is read",
}


def unread_words(unread: Unread) -> str:
    """Return why a part of a command line is not known."""
    return _WORDS[unread.reason].format(unread.detail or "code elsewhere")
