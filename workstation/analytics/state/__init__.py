"""State per base and market: quotes, funding, open interest, coverage."""
