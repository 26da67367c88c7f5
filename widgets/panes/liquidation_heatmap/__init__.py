"""The liquidation heatmap pane."""
