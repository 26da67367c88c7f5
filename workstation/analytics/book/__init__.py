"""Order book, depth history, walls."""
