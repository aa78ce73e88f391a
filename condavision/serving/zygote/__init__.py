"""Warm starts: for each script a process that has imported its modules, and forks for each run."""
