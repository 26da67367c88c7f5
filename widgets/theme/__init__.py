"""Colours, fonts and number formats."""
