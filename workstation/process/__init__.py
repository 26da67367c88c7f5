"""The operating system process: logs, crash reports, event loop supervision, memory and garbage collection."""
