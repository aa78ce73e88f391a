"""Room 1 to 3: what a script and the local modules it reaches import, and which Pythons run them."""
