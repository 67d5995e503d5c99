"""What logs, hooks and ids say of calls, requests and streams."""
