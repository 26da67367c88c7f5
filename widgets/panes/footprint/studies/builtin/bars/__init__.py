"""Studies of the rows of single bars."""
