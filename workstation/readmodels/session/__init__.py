"""Session, library, alerts, setups, workspaces."""
