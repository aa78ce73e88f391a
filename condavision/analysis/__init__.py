"""What scripts and their local modules import, and which Pythons run them."""
