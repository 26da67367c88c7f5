"""The hub: receives from the venues once, for many desktops."""
