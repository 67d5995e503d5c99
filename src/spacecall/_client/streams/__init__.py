"""The sessions of an app, and the streams that report their jobs.

A `connection.Connection` is an open app. Its jobs run on channels: a `channel.Channel` is one
session with one stream, which a `stream_reader.StreamReader` reads. `channel_pool` shares channels
between the calls that need no State.
"""
