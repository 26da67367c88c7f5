"""The vocabulary: instruments, events, frames, protocols, errors. Imports nothing else of the program."""
