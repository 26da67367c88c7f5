"""The simulated coins beyond those with full markets, for all-market streams."""
