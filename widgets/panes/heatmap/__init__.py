"""The heatmap pane."""
