"""Setups: detectors over closed bars, one a file, and the machine that drives them."""
