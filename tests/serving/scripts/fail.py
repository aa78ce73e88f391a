import sys

print(*sys.argv[1:], end="", flush=True)
sys.stderr.write("why\n")
sys.exit(3)
