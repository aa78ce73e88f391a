"""What options and positional arguments a script takes, read out of its code without running it."""
