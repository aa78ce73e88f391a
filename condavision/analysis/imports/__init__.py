"""What a file imports, adds to the search path, or needs without importing it."""
