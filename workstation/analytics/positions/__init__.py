"""Liquidations, liquidation levels, premium, blended order-book imbalance."""
