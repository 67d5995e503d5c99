"""The client: channels own the streams, calls run over them, a Space holds both."""
