"""``python -m condavision``."""

from condavision.launcher import main

main()
