"""Imports become the names of packages; a security boundary, so nothing here ever guesses."""
