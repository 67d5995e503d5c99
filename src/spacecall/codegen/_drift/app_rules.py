"""Rules about the app as a whole, and about whole endpoints."""

from __future__ import annotations

from spacecall.codegen._drift.rule import Rule

__all__ = ["APP_RULES", "ENDPOINT_RULES"]

ENDPOINT_RULES = (
    Rule(
        "endpoint-removed",
        "error",
        "An endpoint was removed",
        "Every call of it fails: the app has no endpoint of that name, and no new one with the "
        "same parameters and outputs. The message names a new one that differs by one of them.",
        "`/summarise` no longer exists.",
        "Ask the app's author, or pin the Space's older revision in a duplicate of your own. Then"
        " refresh, and remove the calls.",
    ),
    Rule(
        "endpoint-renamed",
        "error",
        "An endpoint was renamed",
        "Calls by the old name fail. A new endpoint has the same parameters and outputs, so it is"
        " taken for the renamed one.",
        "`/predict` became `/generate`, with the same parameters and outputs.",
        "Refresh: the method gets the new name. Check that it still does the same.",
    ),
    Rule(
        "endpoint-private",
        "warning",
        "An endpoint became private",
        "The app's author took it out of the API, and the app no longer describes it. Gradio 6.31 "
        "still answers calls of it; other clients refuse to make them. With `api_name=False`, it "
        "has no name to call it by, and `endpoint-removed` reports it.",
        '`demo.click(f, api_visibility="private")`',
        "Ask the author to keep it public, or run a duplicate of the Space.",
    ),
    Rule(
        "endpoint-undocumented",
        "warning",
        "An endpoint is no longer documented",
        "You can still call it, but the app no longer lists it, and its author may change it "
        "without notice.",
        '`api_visibility="undocumented"`, or `show_api=False` in Gradio 5.',
        "Ask the author. Or keep calling it: name it in `endpoints`, and it is generated.",
    ),
    Rule(
        "endpoint-reshuffled",
        "error",
        "A numbered name calls another function",
        "Gradio numbers functions of the same name in the order of the app's code. After one was "
        "inserted or removed, the same name calls another function, mostly without an error.",
        "`/predict_1` was the translator; now `/predict` is, and `/predict_1` is a new function.",
        "Refresh, and use the new name. Ask the author to set `api_name`.",
    ),
    Rule(
        "endpoint-added",
        "info",
        "The app has a new endpoint",
        "Nothing breaks. It is reported only if the client was generated for all public endpoints.",
        "`/translate` is new.",
        "Refresh if you want to call it.",
    ),
    Rule(
        "streaming-started",
        "warning",
        "An endpoint streams now",
        "It sends partial results. If you await the result, you get the last one as before, but "
        "the function may build it in another way.",
        "`return text` became `yield text`.",
        "Refresh. Iterate over the call to get partial results, or keep awaiting the result.",
    ),
    Rule(
        "streaming-stopped",
        "warning",
        "An endpoint no longer streams",
        "It sends one result when it is done: loops over partial results run once, at the end.",
        "`yield text` became `return text`.",
        "Refresh, and raise timeouts that relied on early results.",
    ),
    Rule(
        "stream-input-added",
        "info",
        "An endpoint takes a stream of inputs now",
        "Calls keep working: they send one input. It is also reported if an older spacecall wrote "
        "the schema folder.",
        "`button.click(f, image)` became `image.stream(f, image)`.",
        "Refresh: the client gets a method that sends a stream.",
    ),
    Rule(
        "stream-input-removed",
        "error",
        "An endpoint no longer takes a stream of inputs",
        "Calls keep working, but every stream of inputs fails when it is entered.",
        "`image.stream(f, image)` became `button.click(f, image)`.",
        "Refresh, and make a call for each input.",
    ),
    Rule(
        "stream-input-changed",
        "error",
        "Another input of an endpoint takes the stream",
        "Every stream of inputs of the pinned client fails when it is entered: its values belong "
        "to another input. Calls keep working.",
        "`image.stream(f, [image, sound])` became `sound.stream(f, [image, sound])`.",
        "Refresh, and pass the other input's values to `send`.",
    ),
    Rule(
        "queue-changed",
        "info",
        "An endpoint joined or left the queue",
        "Calls keep working, because they read from the app how to run. Queue positions and "
        "progress exist only for endpoints in the queue.",
        "`queue=False`",
        "Nothing, unless you show queue positions.",
    ),
    Rule(
        "state-added",
        "warning",
        "An endpoint uses State now",
        "Its result depends on earlier calls in the same session. Calls outside a session do not "
        "share State.",
        "`gr.State([])` among the inputs.",
        "Refresh, and make calls that belong together in one `space.session()`.",
    ),
    Rule(
        "state-removed",
        "info",
        "An endpoint no longer uses State",
        "Calls in one session no longer share anything through it.",
        "`gr.State` was dropped from the inputs and outputs.",
        "Refresh, and pass the values that State held, if there is a parameter for them.",
    ),
    Rule(
        "user-token-required",
        "error",
        "An endpoint requires the token of a user now",
        "It acts for a Hugging Face user. Calls without that user's token fail with `AuthError`.",
        "`token: gr.OAuthToken` among the function's parameters.",
        "Refresh, and pass `with_options(oauth_token=…)` if you trust the app with the token.",
    ),
    Rule(
        "user-token-optional",
        "info",
        "An endpoint can use the token of a user now",
        "Calls work with and without a token.",
        "`token: gr.OAuthToken | None` among the function's parameters.",
        "Refresh.",
    ),
    Rule(
        "user-token-removed",
        "info",
        "An endpoint no longer takes the token of a user",
        "The token is not sent any more: the endpoint may do less than it did for that user.",
        "`gr.OAuthToken` was dropped from the function's parameters, or the app moved to a Gradio "
        "before 6.21.",
        "Refresh, and remove `oauth_token`.",
    ),
)
"""Rules about whole endpoints."""

APP_RULES = (
    Rule(
        "gradio-major-changed",
        "warning",
        "The app runs on another major version of Gradio",
        "The protocol and the payloads of some components differ between major versions (videos "
        "and chat messages between 5 and 6). Other rules report the differences that are known.",
        "5.50.0 became 6.31.0.",
        "Refresh, and run your tests against the live app once.",
    ),
    Rule(
        "protocol-changed",
        "warning",
        "The app uses another queue protocol",
        "Calls keep working if spacecall knows the new protocol, because they read it from the "
        "app. Recorded cassettes no longer match.",
        "`ws` became `sse_v3`.",
        "Refresh, and record the cassettes again.",
    ),
    Rule(
        "login-required",
        "error",
        "The app requires a login now",
        "Every call fails with 401 without a user name and a password.",
        '`demo.launch(auth=("user", "password"))`',
        "Get an account from the author, and pass `auth=Auth(username=…, password=…)`.",
    ),
    Rule(
        "token-required",
        "error",
        "The Space requires a token now",
        "It became private or gated: every call fails with 401 or 404 without a token that may "
        "read it.",
        "The Space's visibility was set to private.",
        "Request access and pass `auth=Auth(token=…)`, or set `HF_TOKEN`.",
    ),
    Rule(
        "max-file-size-shrunk",
        "error",
        "The app takes only smaller files",
        "Uploads above the new limit fail with 413.",
        '`demo.launch(max_file_size="5mb")`',
        "Send smaller files, or run a duplicate of the Space.",
    ),
    Rule(
        "max-file-size-grown",
        "info",
        "The app takes larger files",
        "Nothing breaks.",
        "5 MB became 50 MB.",
        "Refresh when convenient.",
    ),
    Rule(
        "zerogpu-started",
        "warning",
        "The Space moved to ZeroGPU",
        "Calls use the GPU quota of their token, or of your IP address if they have none, and "
        "wait for a GPU.",
        "`t4-small` became `zero-a10g`.",
        "Pass a token, and expect `QuotaExceededError` and waiting times.",
    ),
    Rule(
        "zerogpu-stopped",
        "info",
        "The Space moved from ZeroGPU to its own hardware",
        "Calls no longer use a quota. On a CPU the app may be much slower.",
        "`zero-a10g` became `cpu-basic`.",
        "Check timeouts.",
    ),
    Rule(
        "ignore-expired",
        "warning",
        "An entry of the ignore list has expired",
        "It no longer ignores anything.",
        "`until = 2025-12-31`, and it is 2026.",
        "Fix the finding, or give the entry a new date and reason. Otherwise delete it.",
    ),
)
"""Rules about the app as a whole, and about the ignore list."""
