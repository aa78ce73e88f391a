"""Commands that look and change nothing: check, explain, doctor."""
