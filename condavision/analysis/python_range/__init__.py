"""What narrows the Pythons that can run a file: syntax, names, the standard library."""
