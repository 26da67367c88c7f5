"""What the trader does on the chart with the mouse: zoom boxes, measurements, levels and zones."""
