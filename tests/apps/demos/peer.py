"""Calls apps with gradio_client, as a line of JSON on stdin says, and answers with a line of JSON.

Asked for {"open": url, "auth": [name, password] or null}, it answers {"opened": true}. Asked for
{"endpoint": "/name", "arguments": {"0": value, …}, "first": bool}, it answers {"value": …,
"outputs": […]} or {"error": kind, "message": text}. A file is {"$file": path} in an argument, and
{"$file": sha256 of its content} in an answer. "first" begins a new session.
"""
import hashlib
import inspect
import json
import os
import sys
import tempfile

import gradio_client
from gradio_client import Client, handle_file

DEADLINE = 30
FOLDER = tempfile.mkdtemp()


def argument(value):
    if isinstance(value, dict):
        return handle_file(value["$file"]) if set(value) == {"$file"} else {key: argument(item) for key, item in value.items()}
    return [argument(item) for item in value] if isinstance(value, list) else value


def answer(value):
    """A value as every client's is compared: files by their content, updates by what they set."""
    if isinstance(value, dict):
        if value.get("__type__") == "update":
            return answer(value.get("value"))
        if isinstance(value.get("meta"), dict) and value["meta"].get("_type") == "gradio.FileData":
            return answer(value.get("path"))
        return {str(key): answer(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [answer(item) for item in value]
    if isinstance(value, str) and value.startswith(FOLDER) and os.path.isfile(value):
        with open(value, "rb") as file:
            return {"$file": hashlib.sha256(file.read()).hexdigest()}
    return value


def opened(url, auth):
    known = inspect.signature(Client.__init__).parameters
    # It would read the certificates for each request, which takes 20 ms.
    options = {name: False for name in ("analytics_enabled", "ssl_verify") if name in known}
    options["httpx_kwargs"] = {"timeout": DEADLINE}
    return Client(url, auth=tuple(auth) if auth else None, verbose=False, download_files=FOLDER, **options)


def called(client, endpoint, arguments, first):
    if first:
        client.reset_session()
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"].get(endpoint)
    values = {int(number): argument(value) for number, value in arguments.items()}
    if described is None or list(values) == list(range(len(described["parameters"]))):
        job = client.submit(*values.values(), api_name=endpoint)
    else:
        names = [parameter["parameter_name"] for parameter in described["parameters"]]
        job = client.submit(api_name=endpoint, **{names[number]: value for number, value in values.items()})
    result = job.result(timeout=DEADLINE)
    return {"value": nothing_or(result), "outputs": [nothing_or(output) for output in job.outputs()]}


def nothing_or(result):
    """The answer; None for the empty tuple that an endpoint without outputs gives."""
    return None if isinstance(result, tuple) and not result else answer(result)


def failure(error):
    kind = type(error).__name__
    return {"error": kind, "message": str(getattr(error, "message", None) or error)}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    client = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "open" in request:
                client = opened(request["open"], request["auth"])
                result = {"opened": True, "version": gradio_client.__version__}
            else:
                result = called(client, request["endpoint"], request["arguments"], request["first"])
        except Exception as error:
            result = failure(error)
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    main()
