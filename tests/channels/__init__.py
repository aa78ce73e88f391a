"""A real conda channel for the tests: relocatable CPythons, real wheels, small samples."""
