"""Deribit: inverse and linear perpetuals."""
