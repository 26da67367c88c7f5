"""The simulated market: prices, order book, trades, liquidations, derivatives."""
