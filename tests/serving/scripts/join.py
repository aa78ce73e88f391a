import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("first", type=Path)
parser.add_argument("--others", type=Path, nargs="+", default=[])

if __name__ == "__main__":
    args = parser.parse_args()
    print("".join(path.read_text() for path in (args.first, *args.others)))
