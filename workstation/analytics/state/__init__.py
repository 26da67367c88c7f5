"""State of bases and markets: quotes, funding, open interest, candles, derived series."""
