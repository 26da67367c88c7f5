"""What is painted inside charts: arrays in, one bulk draw a kind of primitive out, always in device pixels."""
