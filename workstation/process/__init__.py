"""The process: logs, crash reports, heartbeat, memory."""
