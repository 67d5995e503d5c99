"""The sessions of an app, and the streams that report their jobs."""
