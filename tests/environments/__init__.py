"""The exec stage: locks become environments, environments become processes."""
