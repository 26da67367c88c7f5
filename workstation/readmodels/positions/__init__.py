"""Positioning: funding, open interest, premium, liquidations."""
