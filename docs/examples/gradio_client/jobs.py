# pyright: basic
import sys

from gradio_client import Client  # type: ignore[import-not-found]

client = Client(sys.argv[1], verbose=False)
jobs = [client.submit(seconds, api_name="/work") for seconds in (0.3, 0.6)]
print(*[job.result() for job in jobs], sep="\n")

job = client.submit(3, api_name="/count")
for text in job:
    print(text)
