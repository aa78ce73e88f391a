import sys
import time

print("started", flush=True)
sys.stdout.write("\N{EURO SIGN}\n")
sys.stdout.flush()
time.sleep(600)
