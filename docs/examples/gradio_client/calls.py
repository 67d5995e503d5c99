# pyright: basic
import sys

from gradio_client import Client  # type: ignore[import-not-found]

client = Client(sys.argv[1], verbose=False)
print(client.predict("Ada", api_name="/greet"))
print(client.predict("Ada", "Good morning", True, api_name="/greet"))
