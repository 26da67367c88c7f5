"""Trades and books: footprint, CVD, ladder, tape, heatmap, profile."""
