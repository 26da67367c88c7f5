"""From frames to events without IO: one protocol a connection, each trade once, prices and sizes in units."""
