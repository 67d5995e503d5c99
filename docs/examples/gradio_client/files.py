# pyright: basic
import sys
from pathlib import Path

from gradio_client import Client, handle_file  # type: ignore[import-not-found]

client = Client(sys.argv[1], verbose=False)
size, path = client.predict(handle_file("flag.png"), 90, api_name="/turn")
print(size, Path(path).name)
