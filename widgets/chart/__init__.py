"""The chart over time: axes, wheel, drag, follow, shared crosshair and range."""
