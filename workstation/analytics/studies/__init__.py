"""Arithmetic of the studies on the chart."""
