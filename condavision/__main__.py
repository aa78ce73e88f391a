"""``python -m condavision``."""

from condavision.entry import main

main()
