"""Several recordings read as one: files one after another, files at the same time, and the recordings of a folder."""
