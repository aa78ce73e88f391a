"""A script that the hook must keep from running: this Python asks no hook before it runs one."""
