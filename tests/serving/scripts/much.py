# /// script
# [tool.condavision.serve]
# output = "10K"
# ///
import time

for number in range(3):
    with open(f"{number}.txt", "w") as file:
        file.write("x" * 9_000)
time.sleep(600)
