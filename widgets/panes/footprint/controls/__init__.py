"""The controls over a footprint: base, bars, row size, markets."""
