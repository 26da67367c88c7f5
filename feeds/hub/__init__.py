"""Raw frames over a broker: one hub collects all venues, many desktops decode what it received.

The broker is NATS with JetStream. One stream holds every frame as a message of its own, on the subject of its
connection, so that the stream's sequence is the order of receipt over all venues. `wire` is the format, `publisher` the
hub's side, `joiner` turns messages into frames without IO, `source` and `history` are a desktop's two uses of it.
"""
