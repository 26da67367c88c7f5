"""The user's settings, workspaces and folders."""
