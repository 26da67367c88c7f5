"""Events to numbers: arithmetic without clocks, files, sockets or pixels. `engine` is the way in."""
