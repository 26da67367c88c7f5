"""Liquidations, estimated liquidation levels, premium, blended order-book imbalance."""
