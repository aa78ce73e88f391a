"""What a script declares about itself."""
