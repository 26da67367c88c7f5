"""Paper books: runs and their ledger on disk."""
