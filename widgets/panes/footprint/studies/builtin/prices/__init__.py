"""Lines at the prices of the moment."""
