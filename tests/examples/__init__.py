"""Additions to the program that consist of exactly the files that CONTRIBUTING.md names."""
