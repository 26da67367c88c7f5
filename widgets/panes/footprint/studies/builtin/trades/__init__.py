"""Studies of single trades and liquidations."""
