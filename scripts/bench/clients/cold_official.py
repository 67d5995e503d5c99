"""A process that makes one call of gradio_client, and tells when it had the result."""

import sys
import time
from importlib import import_module
from typing import Any

Client: Any = import_module("gradio_client").Client

assert Client(sys.argv[1], verbose=False).predict("hi", api_name="/echo") == "hi"
print(time.monotonic())
