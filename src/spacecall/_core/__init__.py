"""The protocol without input and output: functions from values to values, tested by themselves.

Where to start:

- `app_config` and `app_info` parse an app's /config and /info; `gradio_schema`, `component_schema`
  and `component_outputs` correct the schemas.
- `gradio_requests` builds requests, `queue_messages` and `sse_decoder` parse responses.
- `message_routing` distributes a session's messages; `jobs` turns the messages of one job into
  events and an outcome; `diffs` and `snapshots` build values from edits.
- `arguments_to_json`, `schema_check` and `input_check` convert and check arguments.
- `redaction` removes secrets from errors and events.
"""
