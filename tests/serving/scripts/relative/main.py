"""Runs as a module only."""

from .words import WORD

print(WORD)
