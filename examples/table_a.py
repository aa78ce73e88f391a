"""Same needs as table_b.py, written differently: the two share one lock and one environment."""

import tabulate
import yaml

rows = yaml.safe_load("[[apples, 12], [pears, 3]]")
print(tabulate.tabulate(rows, headers=["fruit", "count"]))
