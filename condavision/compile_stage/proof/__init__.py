"""Evidence for a lock: whether the very artefacts that it names have what the scripts import."""
