"""Which markets the simulated venues list, and with what character."""
