"""The vocabulary that every room speaks: frozen values, no I/O."""
