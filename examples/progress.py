# /// script
# requires-python = ">=3.9"
# dependencies = ["tqdm>=4.60"]
# ///
"""Declares its needs as PEP 723 says; what it imports beside that is still inferred."""

import sys

from sortedcontainers import SortedList
from tqdm import tqdm

numbers = SortedList(n * 37 % 11 for n in tqdm(range(11), file=sys.stdout, ncols=60))
print("\nsorted:", *numbers)
