# /// script
# [tool.condavision.serve]
# timeout = 0.3
# ///
import time

print("so far", flush=True)
time.sleep(600)
