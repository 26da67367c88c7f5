"""Settings and folders of the user."""
