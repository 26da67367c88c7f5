"""Live and replay sessions, and the desk that owns them."""
