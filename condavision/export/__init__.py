"""Locks handed over: to other tools, to machines without a network, to a repository."""
