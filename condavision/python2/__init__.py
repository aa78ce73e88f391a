"""pip for Python 2.7, which uv does not support: fetched once, run by a 2.7 of this machine."""
