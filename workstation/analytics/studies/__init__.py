"""Calculations of the studies on the chart."""
