"""Generated clients of the apps in `tests/apps`."""
