"""Find an app, log in, and read its description.

`app_description` reads /config and /info, `hub_requests` asks the Hub for a Space's address and
state, `readiness` waits until a Space runs, and `protocol_check` refuses an unknown protocol.
"""
