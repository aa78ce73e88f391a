"""From bytes to text, a syntax tree, and code without strings; which files are scripts."""
