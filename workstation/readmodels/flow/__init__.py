"""Trades and order books: footprint, CVD, ladder, tape, heatmap, profile."""
