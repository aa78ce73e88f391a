"""A script of 2009 that still runs the shop: Python 2 only, with a local module."""

import sys
from ConfigParser import ConfigParser
from StringIO import StringIO

import shelves

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
total = 0
for name in sorted(config.sections()):
    count, price = config.getint(name, "count"), config.getfloat(name, "price")
    total += count * price
    print "%-8s %3d on shelf %s" % (name, count, shelves.shelf_of(name))
print "worth %.2f, says Python %d.%d" % (total, sys.version_info[0], sys.version_info[1])
