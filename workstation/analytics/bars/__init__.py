"""Bars, rows and series over trades."""
