"""The venues: a package each, the facts and functions that the program asks for, and their registry."""
