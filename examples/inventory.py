"""A script of 2009 that still runs the shop: Python 2 only, with a local module and a package."""

import sys
from ConfigParser import ConfigParser
from StringIO import StringIO

import shelves
from tabulate import tabulate

SHOP = """
[apples]
count = 12
price = 0.5
[pears]
count = 3
price = 0.75
"""

config = ConfigParser()
config.readfp(StringIO(SHOP))
total, rows = 0, []
for name in sorted(config.sections()):
    count, price = config.getint(name, "count"), config.getfloat(name, "price")
    total += count * price
    rows.append((name, count, shelves.shelf_of(name)))
print tabulate(rows, headers=("fruit", "count", "shelf"))
print "worth %.2f, says Python %d.%d" % (total, sys.version_info[0], sys.version_info[1])
