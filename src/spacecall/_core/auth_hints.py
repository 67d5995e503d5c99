"""The ends of messages that tell a Python caller how to pass credentials.

They are in one place because the command line replaces them: its users set environment variables.
"""

from typing import Final

LOGIN: Final = (
    ": pass auth=Auth(username=…, password=…), or auth=Auth(token=…) for a private Space (another "
    "host must be named in Auth.hosts)"
)
PRIVATE_SPACE: Final = ": pass auth=Auth(token=…) to see it"
FOR_THE_HUB: Final = ": pass auth=Auth(token=…), or Hub(token=…)"
NOT_IN_THE_URL: Final = ": remove them from the URL, and pass auth=Auth(…)"
ACTING_FOR_A_USER: Final = (
    ": pass with_options(oauth_token=…) for an app on Gradio 6.21 or later, or the cookies of a "
    "login in a browser as Auth(cookies=…)"
)
FOR_INFERENCE: Final = "give api_key=…, or set HF_TOKEN"
FOR_A_SERVICE: Final = "give api_key=…; HF_TOKEN is not sent there"

AUTH_HINTS: Final = (LOGIN, PRIVATE_SPACE, FOR_THE_HUB, NOT_IN_THE_URL)
