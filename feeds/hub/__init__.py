"""Raw frames over a message broker: one hub receives from all venues, many desktops decode its frames.

The broker is NATS with JetStream. One stream holds every frame as a message on the subject of its connection, so the
stream's sequence is the order of receipt over all venues. `wire` is the message format, `publisher` the hub's side;
`joiner` turns messages into frames without IO; `source` reads live, `history` saves a past span as a recording.
"""
