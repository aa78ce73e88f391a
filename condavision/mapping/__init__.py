"""Map imports to package names; a security boundary, so nothing here guesses."""
