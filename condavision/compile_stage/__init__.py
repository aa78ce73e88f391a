"""Scripts in, committed lock files out: the only room that solves."""
