"""Uses a local package on a configured path; what that package imports is needed too."""

import sys

from greetings import greet

print(greet(*sys.argv[1:2] or ["Ada"], visits=3))
