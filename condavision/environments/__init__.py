"""From a lock to a prefix: install, activate, list and remove environments."""
