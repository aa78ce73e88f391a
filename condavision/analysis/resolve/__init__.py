"""From file to file as Python finds them, and what each import requires."""
