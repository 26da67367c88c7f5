"""Studies of the footprint: how one is declared, found, set, and shown. The shipped ones are in `builtin`."""
