"""The Hub, on stand-ins over loopback."""
