import json
import os
import sys

print(json.dumps([dict(os.environ), os.listdir("."), os.getcwd(), sys.argv[0]]))
