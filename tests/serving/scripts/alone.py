# /// script
# [tool.condavision.serve]
# concurrency = 1
# upload = "1K"
# restart = true
# ///
import sys
import time

print("alone", flush=True)
if "--for-good" in sys.argv:
    time.sleep(600)
