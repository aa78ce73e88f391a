"""Where a statement runs: the Pythons and platforms, and whether a failure is caught."""
