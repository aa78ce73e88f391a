"""What is in the artefacts that a lock names: read in parts from their servers, and kept."""
