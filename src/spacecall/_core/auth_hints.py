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

AUTH_HINTS: Final = (LOGIN, PRIVATE_SPACE, FOR_THE_HUB, NOT_IN_THE_URL)
