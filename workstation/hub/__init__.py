"""The hub: collect once, publish to many desktops."""
