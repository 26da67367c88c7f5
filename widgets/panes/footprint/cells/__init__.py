"""The cells of a footprint and what stands at them: levels of detail, layouts, candles, statistics."""
