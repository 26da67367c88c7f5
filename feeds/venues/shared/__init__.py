"""What the venues have in common."""
