"""The main window: menus, bars, linking, palette."""
