"""The compile stage, from scripts to committed lock files: the only room that solves."""
