"""Every coin sampled at whole seconds; pressure and flow scores."""
