"""The BTC and ETH markets of the simulated venues and their parameters."""
