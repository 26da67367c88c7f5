"""Studies that put a sign at bars."""
