# /// script
# requires-python = ">=3.9"
# dependencies = ["python-slugify>=8"]
# ///
"""Declares a need as PEP 723 says; what it imports beside that is still inferred."""

import sys

from slugify import slugify
from sortedcontainers import SortedDict

titles = sys.argv[1:] or ["Über den Wolken", "Señor Coconut", "Voilà!"]
for slug, title in SortedDict((slugify(title), title) for title in titles).items():
    print(f"{slug:<16} {title}")
