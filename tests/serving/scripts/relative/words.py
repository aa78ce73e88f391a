"""What is beside it."""

WORD = "relative"
