"""What both stages need: the requirements of a target, their hash, the lock it may run under."""
