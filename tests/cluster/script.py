"""Does what it is told: the script of the tests of `map`."""

import argparse
import os
import signal
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("text", nargs="?")
parser.add_argument("--exit", type=int, default=0)
parser.add_argument("--write", help="the name of a file")
parser.add_argument("--sleep", type=float, default=0)
parser.add_argument("--family", action="store_true", help="start a child that ignores SIGTERM")
parser.add_argument("--log", help="note that it was run")
parser.add_argument("--kill", action="store_true", help="kill what has started it")
parser.add_argument("--size", type=int, help="bytes of output that are no text")
parser.add_argument("--table", type=argparse.FileType(), help="print where it is, and what it has")
options = parser.parse_args()
if options.log:
    with open(options.log, "a") as stream:
        stream.write(f"{options.text}\n")
if options.kill:
    os.kill(os.getppid(), signal.SIGKILL)
print(options.text, sys.stdin.read().strip(), sep="|", flush=True)
if options.table:
    print(options.table.name, options.table.read(), sep=":")
if options.write:
    with open(options.write, "w") as stream:
        stream.write("written")
if options.size:
    sys.stdout.buffer.write(b"\xff" * options.size)
if options.family:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(99)"
    child = subprocess.Popen([sys.executable, "-uc", code], stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    print(child.pid, flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(options.sleep)
sys.stderr.write("e" * options.exit)
sys.exit(options.exit)
