"""Rules about the app as a whole, and about whole endpoints."""

from __future__ import annotations

from spacecall.codegen._drift.rule import Rule

__all__ = ["APP_RULES", "ENDPOINT_RULES"]

ENDPOINT_RULES = (
    Rule(
        "endpoint-removed",
        "error",
        "An endpoint is gone",
        "Every call of it fails: the app has no function of that name, and none of another name "
        "that takes and gives the same.",
        "`/summarise` was there, and is not any more.",
        "Ask the app's author, or pin the Space's older revision in a duplicate of your own; then "
        "refresh and drop the calls.",
    ),
    Rule(
        "endpoint-renamed",
        "error",
        "An endpoint has another name",
        "Calls by the old name fail. A new endpoint takes and gives the same, so it is taken for "
        "the old one.",
        "`/predict` became `/generate`, with the same parameters and outputs.",
        "Refresh: the method gets the new name. Check that it still does the same.",
    ),
    Rule(
        "endpoint-private",
        "error",
        "An endpoint was made private",
        'The app\'s author took it out of the API (`api_visibility="private"`, or '
        "`api_name=False`): servers may refuse it, and nothing describes it any more.",
        '`demo.click(f, api_visibility="private")`',
        "Ask the author to keep it public, or run a duplicate of the Space.",
    ),
    Rule(
        "endpoint-undocumented",
        "warning",
        "An endpoint is not shown any more",
        "It can still be called, but its author does not advertise it, and may change it without "
        "notice.",
        '`api_visibility="undocumented"`, or `show_api=False` in Gradio 5.',
        "Ask the author, or keep calling it and accept it: generate it by naming it.",
    ),
    Rule(
        "endpoint-reshuffled",
        "error",
        "A numbered name means another function",
        "Gradio numbers functions of one name in the order of the app's code. After one was put "
        "in or taken out, the same name calls another function: worse than failing.",
        "`/predict_1` was the translator; now `/predict` is, and `/predict_1` is a new function.",
        "Refresh and use the new name. Ask the author to give `api_name` explicitly.",
    ),
    Rule(
        "endpoint-added",
        "info",
        "The app has a new endpoint",
        "Nothing breaks. It is only said of clients that were generated for all public endpoints.",
        "`/translate` is new.",
        "Refresh to be able to call it.",
    ),
    Rule(
        "streaming-started",
        "warning",
        "An endpoint streams now",
        "It gives values while it works: who awaits the result gets the last one, as before, but "
        "those before it may be partial, and how the last one is made may have changed.",
        "`return text` became `yield text`.",
        "Refresh. Iterate over the call to show values early, or go on awaiting the result.",
    ),
    Rule(
        "streaming-stopped",
        "warning",
        "An endpoint does not stream any more",
        "It gives one value when it is done: loops over its outputs run once, late.",
        "`yield text` became `return text`.",
        "Refresh, and raise timeouts that counted on early values.",
    ),
    Rule(
        "queue-changed",
        "info",
        "An endpoint joins or leaves the queue",
        "Calls read from the app itself how to run, so they go on working; places in the queue and "
        "progress are only told where there is one.",
        "`queue=False`",
        "Nothing, unless you show queue positions.",
    ),
    Rule(
        "state-added",
        "warning",
        "An endpoint uses State now",
        "Its result depends on earlier calls of the same session: calls without a common session "
        "do not remember each other.",
        "`gr.State([])` among the inputs.",
        "Refresh, and make calls that belong together in one `space.session()`.",
    ),
    Rule(
        "state-removed",
        "info",
        "An endpoint does not use State any more",
        "Calls of one session do not share anything through it any more.",
        "`gr.State` was dropped from the inputs and outputs.",
        "Refresh; pass what the app remembered before, if it takes it now.",
    ),
)
"""About whole endpoints."""

APP_RULES = (
    Rule(
        "gradio-major-changed",
        "warning",
        "The app runs on another major version of Gradio",
        "The wire and the payloads of some components differ between major versions (videos and "
        "chat messages between 5 and 6). What is known to differ is found by other rules.",
        "5.50.0 became 6.31.0.",
        "Refresh, and run your tests against the live app once.",
    ),
    Rule(
        "protocol-changed",
        "warning",
        "The app speaks another protocol",
        "Calls read the protocol from the app itself, so they go on working where both are known. "
        "Recorded cassettes do not fit any more.",
        "`ws` became `sse_v3`.",
        "Refresh, and record cassettes again.",
    ),
    Rule(
        "login-required",
        "error",
        "The app wants a login now",
        "Every call fails with 401 until it has a user name and a password.",
        '`demo.launch(auth=("user", "password"))`',
        "Get an account from the author and give `auth=Auth(username=…, password=…)`.",
    ),
    Rule(
        "token-required",
        "error",
        "The Space wants a token now",
        "It was made private or gated: every call fails with 401 or 404 without a token that may "
        "read it.",
        "The Space's visibility was set to private.",
        "Ask for access and give `auth=Auth(token=…)`, or set `HF_TOKEN`.",
    ),
    Rule(
        "max-file-size-shrunk",
        "error",
        "The app takes smaller files only",
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
        "Calls count against the quota of the token they are made with (or of the address, "
        "without one), and wait for a GPU.",
        "`t4-small` became `zero-a10g`.",
        "Give a token; expect `QuotaExceededError`, and queue times.",
    ),
    Rule(
        "zerogpu-stopped",
        "info",
        "The Space moved from ZeroGPU to hardware of its own",
        "There is no quota any more. On a CPU it may be much slower.",
        "`zero-a10g` became `cpu-basic`.",
        "Check timeouts.",
    ),
    Rule(
        "ignore-expired",
        "warning",
        "An entry of the ignore list is past its date",
        "It does not ignore anything any more.",
        "`until = 2025-12-31`, and it is 2026.",
        "Fix what it ignored, or give it a new date and reason. Else delete it.",
    ),
)
"""About the app as a whole, and about the list of what is ignored."""
