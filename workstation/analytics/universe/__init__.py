"""All perpetuals of all venues, sampled once a second; pressure and flow scores."""
