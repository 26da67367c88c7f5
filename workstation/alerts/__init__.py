"""Alert rules: what they watch, when they fire, where they are stored and sent."""
