"""What both stages ask: what a target requires, its hash, and the lock it may run under."""
