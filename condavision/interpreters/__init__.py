"""The embedded channel ``interpreters:``: conda packages of the CPythons found on this machine."""
