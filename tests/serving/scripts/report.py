"""Print what was asked for."""

import argparse
import json
import sys
import time

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("month", type=int, choices=range(1, 13), help="Month of the report")
parser.add_argument("--title", default="Sales", help="Heading of the report")
parser.add_argument("--region", choices=["north", "south", "west"], default="north")
parser.add_argument("--rate", type=float, default=0.19, help="Tax rate")
parser.add_argument("--tags", nargs="*", metavar="TAG", help="Labels")
parser.add_argument("--data", type=argparse.FileType("r"), help="Figures to add up, a CSV file")
parser.add_argument("--rows", type=int, default=1, help="Lines to print")
parser.add_argument("--slowly", action="store_true", help="Wait for input between lines")
parser.add_argument("-v", "--verbose", action="count", default=0)

if __name__ == "__main__":
    args = parser.parse_args()
    given = {**vars(args), "data": args.data and args.data.read()}
    print(json.dumps(given))
    for row in range(1, args.rows):
        print(f"row {row}", flush=True)
        if args.slowly:
            time.sleep(0.2)
    if args.title == "files":
        with open("report.txt", "w") as file:
            file.write(f"month {args.month}\n")
    sys.exit(args.month == 13)
