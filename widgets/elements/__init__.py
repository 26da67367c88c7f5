"""Small reusable widgets: labels, legends, menus, lists."""
