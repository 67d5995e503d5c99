# pyright: basic
import sys

from gradio_client import Client  # type: ignore[import-not-found]
from gradio_client.exceptions import AppError  # type: ignore[import-not-found]

client = Client(sys.argv[1], verbose=False)
try:
    client.predict(1, 0, api_name="/divide")
except AppError as error:
    print(error)

job = client.submit(5, api_name="/work")
try:
    job.result(timeout=0.5)
except TimeoutError:
    print("the job goes on:", not job.done())
