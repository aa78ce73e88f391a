"""A project: its configuration, the targets in it, the options of a solve."""
