"""What a script declares about itself; the table of formats is in ``metadata``."""
