"""The commands that only inspect: check, explain, doctor."""
