"""Studies that draw prices onward in time: zones, rays, VWAP, volume profile."""
