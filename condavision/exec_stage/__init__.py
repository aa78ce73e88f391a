"""A committed lock in, a running script out: nothing here solves."""
