"""Tables of the engine's numbers: each is declared in `tables`, filled by `export` and written by `writers`."""
