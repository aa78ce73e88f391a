"""Everything read out of one file, a pure function of its bytes, and its cache."""
