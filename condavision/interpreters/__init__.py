"""The embedded channel ``interpreters:``: conda packages of the CPythons found on this machine."""

from condavision.interpreters.channel import filename_of, local_channel, restore
from condavision.interpreters.discovery import discover, discover_all
from condavision.interpreters.probing import Interpreter

__all__ = [
    "Interpreter",
    "discover",
    "discover_all",
    "filename_of",
    "local_channel",
    "restore",
]
