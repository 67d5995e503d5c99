"""The protocol app: every kind of endpoint, one text for every Gradio generation (it looks at the version).

Run:  python protocol_app.py --port 7860

Environment: AUTH=user:password, MAXQ=<queue size>, SHOW_ERROR=1, API_OPEN=0, MAXFS=<upload limit, as "1kb">,
APPLOG=<file that the slow functions write to; without it they print>, CLOSE_ON=<file whose appearance closes the app>.
"""
import argparse, asyncio, inspect, os, tempfile, time
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_SSR_MODE", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
import gradio as gr
V = tuple(int(x) for x in gr.__version__.split(".")[:2])
HERE = os.path.dirname(os.path.abspath(__file__))


def ev(trigger, **kw):
    """keep only the keyword arguments this version knows"""
    ok = inspect.signature(trigger).parameters
    if V[0] >= 6 and kw.get("api_name", "") is False:
        kw.pop("api_name"); kw["api_visibility"] = "private"
    return trigger(**{k: v for k, v in kw.items() if k in ok})


def comp(cls, *a, **kw):
    ok = inspect.signature(cls.__init__).parameters
    return cls(*a, **{k: v for k, v in kw.items() if k in ok})


def echo(text):
    "Echo the text back."
    return text

def add(a: float, b: float = 10):
    return a + b

def stream_text(text, n):
    out = ""
    for i in range(int(n)):
        out += f"{text}{i} "
        time.sleep(0.02)
        yield out

def stream_edit(text):
    "json that changes in the middle: shows add / replace / append / delete"
    d = {"text": "", "items": [], "n": 0}
    for i in range(4):
        d["text"] += f"{text}{i}"
        d["items"].append({"i": i, "s": "x" * i})
        d["n"] = i
        time.sleep(0.02)
        yield d, d["text"]
    d["items"].pop(0)
    del d["n"]
    d["text"] = "short"
    yield d, d["text"]
    yield {"only": None}, "end"

def progress_fn(n, progress=gr.Progress()):
    progress(0, desc="starting")
    for k in ("Info", "Warning"):
        if hasattr(gr, k):
            getattr(gr, k)(f"a {k} message")
    if hasattr(gr, "Success"):
        gr.Success("a Success message", duration=3, title="T")
    for i in progress.tqdm(range(int(n)), desc="tq", unit="steps"):
        time.sleep(0.05)
    progress((2, 4), desc="tuple", unit="it")
    time.sleep(0.05)
    progress(0.75)
    time.sleep(0.05)
    progress(None, desc="none")
    time.sleep(0.05)
    return f"done {n}"

def image_fn(path):
    return path

def files_fn(files):
    return [getattr(f, "name", f) for f in (files or [])]

def gallery_fn(path):
    return [(path, "one"), (path, "two")]

def audio_fn(path):
    return path

def make_file(text):
    p = os.path.join(tempfile.mkdtemp(), "made file é.txt")
    with open(p, "w") as f:
        f.write(text)
    return p

def chat_fn(message, history, state):
    state = (state or 0) + 1
    if V >= (4, 44):
        history = (history or []) + [{"role": "user", "content": message},
                                     {"role": "assistant", "content": f"turn {state}: you said {message}"}]
    else:
        history = (history or []) + [[message, f"turn {state}: you said {message}"]]
    return "", history, state

def add_message(history, message):
    "phi-4 style first step: put the files and the text in the history"
    history = history or []
    for x in message["files"]:
        p = x["path"] if isinstance(x, dict) else x
        if V >= (4, 44):
            history.append({"role": "user", "content": {"path": p}})
        else:
            history.append([(p,), None])
    if message["text"] is not None:
        if V >= (4, 44):
            history.append({"role": "user", "content": message["text"]})
        else:
            history.append([message["text"], None])
    return history, gr.MultimodalTextbox(value=None, interactive=False)

def bot(history, state):
    history = list(history)
    history.append({"role": "assistant", "content": ""}) if V >= (4, 44) else None
    for w in "hello from the bot".split():
        time.sleep(0.02)
        if V >= (4, 44):
            history[-1]["content"] += w + " "
        else:
            history[-1][1] = (history[-1][1] or "") + w + " "
        yield history, (state or 0) + 1

def fail(text):
    raise gr.Error("boom")

def fail2(text):
    if V >= (5, 0):
        raise gr.Error("boom2", duration=5, visible=False, title="Title2", print_exception=False)
    raise gr.Error("boom2")

def fail_mid(text):
    yield "first"
    yield "first second"
    raise gr.Error("boom mid-stream")

def crash(text):
    raise ValueError("secret detail")

def slow(seconds):
    time.sleep(seconds)
    return f"slept {seconds}"

LOG = os.environ.get("APPLOG")
def applog(s):
    if LOG:
        with open(LOG, "a") as f:
            f.write(f"{time.time():.3f} {s}\n")
    else:
        print(s + "\n", end="", flush=True)

def slow_stream(seconds):
    applog(f"slow_stream start {seconds}")
    try:
        for i in range(int(seconds * 5)):
            time.sleep(0.2)
            applog(f"slow_stream step {i} of {seconds}")
            yield f"step {i}"
    except GeneratorExit:
        applog(f"slow_stream GeneratorExit {seconds}")
        raise
    applog(f"slow_stream finished {seconds}")

async def slow_async(seconds):
    applog(f"slow_async start {seconds}")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        applog(f"slow_async cancelled {seconds}")
        raise
    applog(f"slow_async finished {seconds}")
    return f"slept {seconds}"

def slow_pair(seconds):
    yield from slow_stream(seconds)

async def slow_many(seconds):
    return await slow_async(seconds)

def widgets(dd, ddm, radio, cbg, slider, cb, df, js):
    return repr([dd, ddm, radio, cbg, slider, cb, type(df).__name__, js]), df, {"got": js}

def private(text):
    return "private " + text

def batch_fn(texts):
    return [[t.upper() for t in texts]]

def noqueue(text):
    return "nq " + text

def noqueue_gen(text):
    yield "a"
    yield "b"

def whoami(text, request: gr.Request):
    return {"username": request.username, "session": getattr(request, "session_hash", None), "hdr": request.headers.get("x-test"), "q": dict(request.query_params)}

def update_fn(text):
    if V[0] >= 4:
        return gr.Textbox(value="upd " + text, label="new label"), gr.Dropdown(choices=["p", "q"], value="q")
    return gr.update(value="upd " + text, label="new label"), gr.update(choices=["p", "q"], value="q")

def checked(text):
    "Echo the text back."
    return text

def check(text):
    return gr.validate(text != "bad", "must not be bad")

def stream_frames(img, st):
    return img, (st or 0) + 1

def api_fn(a: int, b: list[str], c: float | None = None, d: dict = {"k": 1}) -> dict[str, int]:
    "A plain function published with gr.api"
    return {x: a for x in b}


def nan_fn(text):
    return {"nan": float("nan"), "inf": float("inf"), "text": "line1\nline2\u2028 \U0001f600"}, float("nan")

def json_noqueue(js):
    return {"got": js}, repr(js)

def gen_counter(n):
    for i in range(int(n)):
        time.sleep(0.02)
        yield i

with gr.Blocks(title="proto") as demo:
    t_in = gr.Textbox(label="text in")
    t_out = gr.Textbox(label="text out")
    n1, n2, n_out = gr.Number(label="a"), gr.Number(value=10, label="b"), gr.Number(label="sum")
    steps = gr.Number(value=20, label="steps", precision=0)
    j_out = gr.JSON(label="json out")
    img_in, img_out = gr.Image(type="filepath", label="img in"), comp(gr.Image, type="filepath", label="img out")
    f_in = gr.File(file_count="multiple", label="files in"); f_out = gr.File(file_count="multiple", label="files out")
    f1_out = gr.File(label="one file out")
    gal = gr.Gallery(label="gal")
    a_in = gr.Audio(type="filepath", label="aud in"); a_out = gr.Audio(label="aud out")
    state = gr.State(0)
    kw = {"type": "messages"} if (4, 44) <= V < (6, 0) else {}
    chatbot = gr.Chatbot(label="chat", **kw)
    dd = gr.Dropdown(["x", "y", ("Zed", "z")] if V >= (4, 0) else ["x", "y", "z"], value="x", label="dd")
    ddm = gr.Dropdown(["x", "y", "z"], multiselect=True, label="ddm", value=["x"])
    radio = gr.Radio(["one", "two"], label="radio"); cbg = gr.CheckboxGroup(["c1", "c2", "c3"], label="cbg")
    slider = gr.Slider(2, 20, value=4, step=2, label="slider"); cb = gr.Checkbox(label="cb")
    df = gr.Dataframe(headers=["name", "age"], datatype=["str", "number"], label="df")
    js = gr.JSON(label="json in")
    df_out = gr.Dataframe(label="df out")
    hidden = gr.Textbox(visible=False, value="hidden default", label="hid")
    b = {k: gr.Button(k) for k in ("echo add stream edit progress image files gallery audio make chat fail fail2 fail_mid crash slow "
         "slow_stream slow_async widgets private batch noqueue noqueue_gen whoami update hidden validator cancelbtn lambda lambda2 cached gen").split()}
    ev(b["echo"].click, fn=echo, inputs=[t_in], outputs=[t_out], api_name="echo", concurrency_limit=20)
    ev(b["add"].click, fn=add, inputs=[n1, n2], outputs=[n_out], api_name="add")
    ev(b["stream"].click, fn=stream_text, inputs=[t_in, steps], outputs=[t_out], api_name="stream_text", concurrency_limit=2)
    ev(b["edit"].click, fn=stream_edit, inputs=[t_in], outputs=[j_out, t_out], api_name="stream_edit")
    ev(b["progress"].click, fn=progress_fn, inputs=[n1], outputs=[t_out], api_name="progress")
    ev(b["image"].click, fn=image_fn, inputs=[img_in], outputs=[img_out], api_name="image")
    ev(b["files"].click, fn=files_fn, inputs=[f_in], outputs=[f_out], api_name="files")
    ev(b["gallery"].click, fn=gallery_fn, inputs=[img_in], outputs=[gal], api_name="gallery")
    ev(b["audio"].click, fn=audio_fn, inputs=[a_in], outputs=[a_out], api_name="audio")
    ev(b["make"].click, fn=make_file, inputs=[t_in], outputs=[f1_out], api_name="make_file")
    ev(b["chat"].click, fn=chat_fn, inputs=[t_in, chatbot, state], outputs=[t_in, chatbot, state], api_name="chat")
    ev(b["fail"].click, fn=fail, inputs=[t_in], outputs=[t_out], api_name="fail")
    ev(b["fail2"].click, fn=fail2, inputs=[t_in], outputs=[t_out], api_name="fail2")
    ev(b["fail_mid"].click, fn=fail_mid, inputs=[t_in], outputs=[t_out], api_name="fail_mid")
    ev(b["crash"].click, fn=crash, inputs=[t_in], outputs=[t_out], api_name="crash")
    ev(b["slow"].click, fn=slow, inputs=[n1], outputs=[t_out], api_name="slow")
    ss = ev(b["slow_stream"].click, fn=slow_stream, inputs=[n1], outputs=[t_out], api_name="slow_stream")
    sa = ev(b["slow_async"].click, fn=slow_async, inputs=[n1], outputs=[t_out], api_name="slow_async")
    ev(b["cancelbtn"].click, fn=None, inputs=None, outputs=None, cancels=[ss, sa])
    ev(b["widgets"].click, fn=widgets, inputs=[dd, ddm, radio, cbg, slider, cb, df, js], outputs=[t_out, df_out, j_out], api_name="widgets")
    ev(b["private"].click, fn=private, inputs=[t_in], outputs=[t_out], api_name=False)
    ev(b["batch"].click, fn=batch_fn, inputs=[t_in], outputs=[t_out], api_name="batch", batch=True, max_batch_size=4)
    ev(b["noqueue"].click, fn=noqueue, inputs=[t_in], outputs=[t_out], api_name="noqueue", queue=False)
    if V[0] >= 4:
        ev(b["noqueue_gen"].click, fn=noqueue_gen, inputs=[t_in], outputs=[t_out], api_name="noqueue_gen", queue=False)
    ev(b["whoami"].click, fn=whoami, inputs=[t_in], outputs=[j_out], api_name="whoami")
    ev(b["update"].click, fn=update_fn, inputs=[t_in], outputs=[t_out, dd], api_name="update")
    ev(b["hidden"].click, fn=lambda a, h: f"{a}|{h}", inputs=[t_in, hidden], outputs=[t_out], api_name="hidden_in")
    ev(b["lambda"].click, fn=lambda x: "l1 " + x, inputs=[t_in], outputs=[t_out])          # unnamed
    ev(b["lambda2"].click, fn=lambda x: "l2 " + x, inputs=[t_in], outputs=[t_out])         # unnamed, second
    ev(b["gen"].click, fn=gen_counter, inputs=[n1], outputs=[n_out], api_name="echo")      # name clash with /echo
    ev(t_in.change, fn=lambda x: x, inputs=t_in, outputs=t_out, **({"api_visibility": "undocumented"} if V[0] >= 6 else {"show_api": False}))
    demo.load(lambda: "loaded", None, t_out)
    if hasattr(gr, "validate"):
        ev(b["validator"].click, fn=checked, inputs=[t_in], outputs=[t_out], api_name="validated", validator=check)
    if hasattr(gr, "MultimodalTextbox"):
        mm = gr.MultimodalTextbox(label="mm", file_count="multiple")
        m1 = ev(mm.submit, fn=add_message, inputs=[chatbot, mm], outputs=[chatbot, mm], api_name="add_message")
        ev(m1.then, fn=bot, inputs=[chatbot, state], outputs=[chatbot, state], api_name="bot")
    if V[0] >= 5:
        st_img = gr.Image(streaming=True, sources=["webcam"], type="filepath", label="cam")
        st_img.stream(stream_frames, [st_img, state], [img_out, state], time_limit=5, stream_every=0.3, api_name="cam")
        gr.api(api_fn, api_name="api_fn")
    if hasattr(gr, "cache") and V[0] >= 6:
        cached = gr.cache(lambda x: "c " + x)
        ev(b["cached"].click, fn=cached, inputs=[t_in], outputs=[t_out], api_name="cached")
    if hasattr(gr, "DateTime"):
        dt = gr.DateTime(label="dt"); col = gr.ColorPicker(label="col")
        ev(dt.submit, fn=lambda d, c: f"{d} {c}", inputs=[dt, col], outputs=[t_out], api_name="more")
    if V[0] >= 5:
        with gr.Tab("ci"):
            gr.ChatInterface(lambda m, h: f"ci {m}", multimodal=False, **({"type": "messages"} if V[0] == 5 else {}))

with demo:
    ev(gr.Button("json_noqueue").click, fn=json_noqueue, inputs=[js], outputs=[j_out, t_out], api_name="json_noqueue", queue=False)
    ev(gr.Button("nothing").click, fn=lambda text: applog(f"nothing {text}"), inputs=[t_in], outputs=None, api_name="nothing")
    ev(gr.Button("slow_pair").click, fn=slow_pair, inputs=[n1], outputs=[t_out], api_name="slow_pair", concurrency_limit=2)
    ev(gr.Button("slow_many").click, fn=slow_many, inputs=[n1], outputs=[t_out], api_name="slow_many", concurrency_limit=100)
    ev(gr.Button("nan").click, fn=nan_fn, inputs=[t_in], outputs=[j_out, n_out], api_name="nan")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=7860)
    port = parser.parse_args().port
    q = {"max_size": int(os.environ["MAXQ"])} if os.environ.get("MAXQ") else {}
    if os.environ.get("API_OPEN") and V < (7, 0):
        q["api_open"] = os.environ["API_OPEN"] == "1"
    demo.queue(**{k: v for k, v in q.items() if k in inspect.signature(demo.queue).parameters})
    lk = dict(server_name="127.0.0.1", server_port=port, quiet=True, show_error=os.environ.get("SHOW_ERROR") == "1",
              prevent_thread_lock=False, allowed_paths=[HERE], max_file_size=os.environ.get("MAXFS") or None, inbrowser=False)
    if os.environ.get("CLOSE_ON"):      # demo.close() when this file appears
        import threading
        def closer():
            while not os.path.exists(os.environ["CLOSE_ON"]):
                time.sleep(0.05)
            demo.close(); time.sleep(6); os._exit(0)
        threading.Thread(target=closer, daemon=True).start()
    if os.environ.get("AUTH"):
        lk["auth"] = tuple(os.environ["AUTH"].split(":"))
    demo.launch(**{k: v for k, v in lk.items() if k in inspect.signature(demo.launch).parameters and v is not None})
