"""pip for Python 2.7, where uv does nothing: fetched once, run by a 2.7 of this machine."""
