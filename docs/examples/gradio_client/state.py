# pyright: basic
import sys

from gradio_client import Client  # type: ignore[import-not-found]

client = Client(sys.argv[1], verbose=False)
print(client.predict("milk", api_name="/note"))
print(client.predict("bread", api_name="/note"))
